// The language server for MLIR files, with Rarefy's dialects.

#include "Version.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "rarefy/InitAll.h"

int main(int argc, char **argv) {
  rarefy::setVersionPrinter();
  mlir::DialectRegistry registry;
  rarefy::registerAll(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
