// Launches on buffers to calls of the runtime, with the programs as ELF files
// in the module.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "rarefy/Conversion/Launch.h"
#include "rarefy/Conversion/Passes.h"
#include "rarefy/Target/Program/ProgramFile.h"

namespace rarefy {
#define GEN_PASS_DEF_CONVERTLAUNCHTOLLVM
#include "rarefy/Conversion/Passes.h.inc"

using program::LaunchOp;
using program::ProgramOp;

namespace {

/// Lowers launches. What they need is beside their programs, in the same
/// module.
class LaunchLowering {
public:
  explicit LaunchLowering(MLIRContext *context)
      : pointer(LLVM::LLVMPointerType::get(context)) {}

  LogicalResult lower(LaunchOp op);

private:
  FailureOr<LLVM::GlobalOp> getFile(ProgramOp program);
  LLVM::GlobalOp getDevice(Operation *module);
  Value makeDense(ImplicitLocOpBuilder &b, LaunchOp op, OpOperand &operand);
  Value makeTable(ImplicitLocOpBuilder &b, LaunchOp op);

  SymbolTableCollection symbols;
  LLVM::LLVMPointerType pointer;
  /// The files of programs, and the devices of modules.
  DenseMap<Operation *, LLVM::GlobalOp> files, devices;
};

} // namespace

static Value constant(ImplicitLocOpBuilder &b, int64_t value) {
  return LLVM::ConstantOp::create(b, b.getI64Type(), value);
}

/// The bytes of the program file as a constant of the module.
FailureOr<LLVM::GlobalOp> LaunchLowering::getFile(ProgramOp program) {
  LLVM::GlobalOp &file = files[program];
  if (file)
    return file;
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  if (failed(writeProgramFile(program, os)))
    return failure();
  OpBuilder b = OpBuilder::atBlockBegin(program->getBlock());
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size());
  std::string name = program.getSymName().str() + ".elf";
  constexpr uint64_t alignment = 16;
  file = LLVM::GlobalOp::create(b, program.getLoc(), type, /*isConstant=*/true,
                                LLVM::Linkage::Internal, name,
                                b.getStringAttr(bytes), alignment);
  symbols.getSymbolTable(program->getParentOp()).insert(file);
  return file;
}

/// Whoever loads the code says where the device is.
LLVM::GlobalOp LaunchLowering::getDevice(Operation *module) {
  LLVM::GlobalOp &device = devices[module];
  if (!device) {
    OpBuilder b = OpBuilder::atBlockBegin(&module->getRegion(0).front());
    device =
        LLVM::GlobalOp::create(b, module->getLoc(), b.getI8Type(),
                               /*isConstant=*/false, LLVM::Linkage::External,
                               kDeviceSymbol, Attribute());
  }
  return device;
}

/// The operand as a buffer without gaps: itself, or a copy, which is written
/// back behind the launch if the operand is an output.
Value LaunchLowering::makeDense(ImplicitLocOpBuilder &b, LaunchOp op,
                                OpOperand &operand) {
  Value buffer = operand.get();
  auto type = cast<MemRefType>(buffer.getType());
  if (type.getLayout().isIdentity())
    return buffer;
  auto dense = MemRefType::get(type.getShape(), type.getElementType());
  Value copy = memref::AllocOp::create(b, dense);
  bool isOutput = op.isDpsInit(&operand);
  if (!isOutput)
    memref::CopyOp::create(b, buffer, copy);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfter(op);
  if (isOutput)
    memref::CopyOp::create(b, copy, buffer);
  memref::DeallocOp::create(b, copy);
  return copy;
}

/// For each operand its address and the bytes of an element, on the stack:
/// other threads may be at the same launch.
Value LaunchLowering::makeTable(ImplicitLocOpBuilder &b, LaunchOp op) {
  auto entry = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                                {pointer, b.getI64Type()});
  Value count = constant(b, op->getNumOperands());
  Value table = LLVM::AllocaOp::create(b, pointer, entry, count);
  for (OpOperand &operand : op->getOpOperands()) {
    int32_t index = operand.getOperandNumber();
    Value buffer = makeDense(b, op, operand);
    Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, buffer);
    address = arith::IndexCastOp::create(b, b.getI64Type(), address);
    address = LLVM::IntToPtrOp::create(b, pointer, address);
    unsigned bits = cast<MemRefType>(buffer.getType()).getElementTypeBitWidth();
    Value fields[] = {address, constant(b, bits / 8)};
    for (auto [field, value] : llvm::enumerate(fields)) {
      LLVM::GEPArg indices[] = {index, int32_t(field)};
      Value place = LLVM::GEPOp::create(b, pointer, entry, table, indices);
      LLVM::StoreOp::create(b, value, place);
    }
  }
  return table;
}

LogicalResult LaunchLowering::lower(LaunchOp op) {
  for (Type type : op->getOperandTypes())
    if (!isa<MemRefType>(type))
      return op.emitOpError("expects buffers, found ") << type;
  auto program =
      symbols.lookupNearestSymbolFrom<ProgramOp>(op, op.getProgramAttr());
  FailureOr<LLVM::GlobalOp> file = getFile(program);
  if (failed(file))
    return failure();
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Operation *module = program->getParentOp();
  Type i64 = b.getI64Type();
  FailureOr<LLVM::LLVMFuncOp> function = LLVM::lookupOrCreateFn(
      b, module, kLaunchSymbol, {pointer, pointer, i64, pointer, i64},
      LLVM::LLVMVoidType::get(b.getContext()));
  if (failed(function))
    return failure();
  Value stack = LLVM::StackSaveOp::create(b, pointer);
  Value table = makeTable(b, op);
  auto bytes = cast<LLVM::LLVMArrayType>(file->getGlobalType());
  Value arguments[] = {LLVM::AddressOfOp::create(b, getDevice(module)),
                       LLVM::AddressOfOp::create(b, *file),
                       constant(b, bytes.getNumElements()), table,
                       constant(b, op->getNumOperands())};
  LLVM::CallOp::create(b, *function, arguments);
  LLVM::StackRestoreOp::create(b, stack);
  op.erase();
  return success();
}

namespace {
struct ConvertLaunchToLLVM
    : impl::ConvertLaunchToLLVMBase<ConvertLaunchToLLVM> {
  void runOnOperation() override {
    LaunchLowering lowering(&getContext());
    WalkResult result = getOperation().walk(
        [&](LaunchOp op) -> WalkResult { return lowering.lower(op); });
    if (result.wasInterrupted())
      return signalPassFailure();
    getOperation().walk([](ProgramOp program) { program.erase(); });
  }
};
} // namespace
} // namespace rarefy
