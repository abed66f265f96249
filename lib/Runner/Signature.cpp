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
  if (auto names = attrs ? attrs.getAs<ArrayAttr>("rarefy.dims") : nullptr)
    for (Attribute name : names) {
      auto text = dyn_cast<StringAttr>(name);
      info.sizeNames.push_back(text ? text.str() : "");
    }
  info.type = isUnsigned ? asUnsigned(*element) : *element;
  for (int64_t size : tensor.getShape())
    info.shape.push_back(ShapedType::isDynamic(size) ? -1 : size);
  return info;
}

std::string rarefy::describeInput(const TensorInfo &info, size_t index) {
  std::string text = "input " + std::to_string(index);
  return info.name.empty() ? text : text + " ('" + info.name + "')";
}

static bool matches(const TensorInfo &info, const ArrayView &input) {
  if (info.type != input.type || info.shape.size() != input.shape.size())
    return false;
  for (auto [expected, found] : llvm::zip_equal(info.shape, input.shape))
    if (found < 0 || (expected >= 0 && expected != found))
      return false;
  return true;
}

llvm::Error rarefy::checkInput(const TensorInfo &info, size_t index,
                               const ArrayView &input) {
  if (matches(info, input))
    return llvm::Error::success();
  return llvm::createStringError(describeInput(info, index) + ": expected " +
                                 formatType(info.shape, info.type) +
                                 ", found " +
                                 formatType(input.shape, input.type));
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
