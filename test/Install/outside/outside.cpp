// Compiles a function on tensors with Rarefy's pipeline, from outside its tree.

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/InitAll.h"
#include "rarefy/Pipelines/Pipelines.h"
#include "llvm/Support/raw_ostream.h"

static const char *source = R"mlir(
func.func @keep(%scores: tensor<8xf32>, %init: tensor<2xi32>) -> tensor<2xi32> {
  %0 = rarefy.topk ins(%scores : tensor<8xf32>) outs(%init : tensor<2xi32>) -> tensor<2xi32>
  return %0 : tensor<2xi32>
}
)mlir";

int main() {
  mlir::DialectRegistry registry;
  rarefy::registerAll(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
  if (!module)
    return 1;
  int found = 0;
  module->walk([&](rarefy::TopKOp) { ++found; });
  mlir::PassManager passes(&context);
  rarefy::buildCPUPipeline(passes, rarefy::CPUPipelineOptions());
  if (mlir::failed(passes.run(*module)))
    return 1;
  module->walk([&](rarefy::TopKOp) { ++found; });
  llvm::outs() << found << " topk compiled for the CPU\n";
  return found != 1;
}
