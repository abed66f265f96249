// What a function's type and attributes say of its arrays.

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "rarefy/Runner/Program.h"

using namespace rarefy;

/// Integers are signless in the IR; an attribute says which are unsigned.
static ElementType asUnsigned(ElementType type) {
  switch (type) {
  case ElementType::I8:
    return ElementType::U8;
  case ElementType::I16:
    return ElementType::U16;
  case ElementType::I32:
    return ElementType::U32;
  case ElementType::I64:
    return ElementType::U64;
  default:
    return type;
  }
}

static llvm::Expected<TensorInfo> getInfo(Type type, DictionaryAttr attrs,
                                          const Twine &what) {
  TensorInfo info;
  if (attrs)
    if (auto name = attrs.getAs<StringAttr>("rarefy.name"))
      info.name = name.str();
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<ElementType> element;
  if (tensor && !tensor.getEncoding())
    element = getElementType(tensor.getElementType());
  if (!element) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return llvm::createStringError(
        what + " has type " + text +
        ": expected a dense ranked tensor of booleans, of integers of 8 to 64 "
        "bits or of f16, bf16, f32 or f64");
  }
  bool isUnsigned = attrs && attrs.contains("rarefy.unsigned");
  info.type = isUnsigned ? asUnsigned(*element) : *element;
  for (int64_t size : tensor.getShape())
    info.shape.push_back(ShapedType::isDynamic(size) ? -1 : size);
  return info;
}

/// "main, other": the functions that could be called.
static std::string listFunctions(ModuleOp module) {
  std::string names;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isExternal())
      names += (names.empty() ? "" : ", ") + function.getSymName().str();
  return names.empty() ? "none" : names;
}

llvm::Expected<Signature> rarefy::getSignature(ModuleOp module,
                                               StringRef entry) {
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  if (!function || function.isExternal())
    return llvm::createStringError("no function '" + entry +
                                   "' with a body: the module has " +
                                   listFunctions(module));
  Signature signature;
  FunctionType type = function.getFunctionType();
  for (auto [i, input] : llvm::enumerate(type.getInputs())) {
    llvm::Expected<TensorInfo> info =
        getInfo(input, function.getArgAttrDict(i),
                "argument " + Twine(i) + " of '" + entry + "'");
    if (!info)
      return info.takeError();
    signature.inputs.push_back(std::move(*info));
  }
  for (auto [i, result] : llvm::enumerate(type.getResults())) {
    llvm::Expected<TensorInfo> info =
        getInfo(result, function.getResultAttrDict(i),
                "result " + Twine(i) + " of '" + entry + "'");
    if (!info)
      return info.takeError();
    signature.results.push_back(std::move(*info));
  }
  return signature;
}
