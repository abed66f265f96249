// Makes an IR file that shows a fault smaller, with Rarefy's dialects and
// passes.

#include "Version.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "rarefy/InitAll.h"

int main(int argc, char **argv) {
  rarefy::setVersionPrinter();
  mlir::DialectRegistry registry;
  rarefy::registerAll(registry);
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
