// mlir-opt with everything of Rarefy's registered.

#include "Version.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "rarefy/InitAll.h"

int main(int argc, char **argv) {
  rarefy::setVersionPrinter();
  mlir::DialectRegistry registry;
  rarefy::registerAll(registry);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Rarefy optimizer\n", registry));
}
