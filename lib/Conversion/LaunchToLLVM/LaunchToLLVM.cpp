// Launches on buffers to calls of the runtime, with the programs as ELF files
// in the module.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
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

/// Lowers the launches of a module.
class LaunchLowering {
public:
  explicit LaunchLowering(ModuleOp module)
      : module(module), symbols(module),
        pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

  LogicalResult lower(LaunchOp op);

private:
  FailureOr<LLVM::GlobalOp> getFile(ProgramOp program);
  LLVM::GlobalOp getDevice();
  Value makeDense(ImplicitLocOpBuilder &b, LaunchOp op, OpOperand &operand);
  Value makeTable(ImplicitLocOpBuilder &b, LaunchOp op);

  ModuleOp module;
  SymbolTable symbols;
  LLVM::LLVMPointerType pointer;
  /// The files of programs, and the device that the launches are for.
  DenseMap<Operation *, LLVM::GlobalOp> files;
  LLVM::GlobalOp device;
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
  OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size());
  std::string name = program.getSymName().str() + ".elf";
  constexpr uint64_t alignment = 16;
  file = LLVM::GlobalOp::create(b, program.getLoc(), type, /*isConstant=*/true,
                                LLVM::Linkage::Internal, name,
                                b.getStringAttr(bytes), alignment);
  symbols.insert(file);
  return file;
}

/// Whoever loads the code says where the device is.
LLVM::GlobalOp LaunchLowering::getDevice() {
  if (!device) {
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    device =
        LLVM::GlobalOp::create(b, module.getLoc(), b.getI8Type(),
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

/// For each operand its address and the bytes of an element, in the frame of
/// the function.
Value LaunchLowering::makeTable(ImplicitLocOpBuilder &b, LaunchOp op) {
  auto entry = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                                {pointer, b.getI64Type()});
  Value table;
  {
    OpBuilder::InsertionGuard guard(b);
    auto function = op->getParentOfType<FunctionOpInterface>();
    b.setInsertionPointToStart(&function.getFunctionBody().front());
    Value count = constant(b, op->getNumOperands());
    table = LLVM::AllocaOp::create(b, pointer, entry, count);
  }
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
  auto program = symbols.lookup<ProgramOp>(op.getProgram());
  FailureOr<LLVM::GlobalOp> file = getFile(program);
  if (failed(file))
    return failure();
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Type i64 = b.getI64Type();
  FailureOr<LLVM::LLVMFuncOp> function = LLVM::lookupOrCreateFn(
      b, module, kLaunchSymbol, {pointer, pointer, i64, pointer, i64},
      LLVM::LLVMVoidType::get(b.getContext()));
  if (failed(function))
    return failure();
  Value table = makeTable(b, op);
  auto bytes = cast<LLVM::LLVMArrayType>(file->getGlobalType());
  Value arguments[] = {LLVM::AddressOfOp::create(b, getDevice()),
                       LLVM::AddressOfOp::create(b, *file),
                       constant(b, bytes.getNumElements()), table,
                       constant(b, op->getNumOperands())};
  LLVM::CallOp::create(b, *function, arguments);
  op.erase();
  return success();
}

namespace {
struct ConvertLaunchToLLVM
    : impl::ConvertLaunchToLLVMBase<ConvertLaunchToLLVM> {
  void runOnOperation() override {
    LaunchLowering lowering(getOperation());
    WalkResult result = getOperation().walk(
        [&](LaunchOp op) -> WalkResult { return lowering.lower(op); });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (auto program :
         llvm::make_early_inc_range(getOperation().getOps<ProgramOp>()))
      program.erase();
  }
};
} // namespace
} // namespace rarefy
