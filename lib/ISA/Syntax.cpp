// The assembly of instructions, from each op's field list.

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"
#include "rarefy/ISA/ISA.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"

using namespace rarefy;
using namespace rarefy::program;

/// The names of a set's members; none where these are numbers.
static SmallVector<StringRef> getMembers(const Field &field) {
  SmallVector<StringRef> names;
  StringRef(field.members).split(names, ' ', -1, /*KeepEmpty=*/false);
  return names;
}

static ParseResult parseMember(OpAsmParser &parser, const Field &field,
                               uint64_t &member) {
  SMLoc loc = parser.getCurrentLocation();
  if (SmallVector<StringRef> names = getMembers(field); !names.empty()) {
    StringRef name;
    if (parser.parseKeyword(&name))
      return failure();
    member = llvm::find(names, name) - names.begin();
    if (member == names.size())
      return parser.emitError(loc)
             << "expected members of '" << field.name << "' among "
             << field.members << ", found " << name;
    return success();
  }
  if (parser.parseInteger(member))
    return failure();
  if (member >= field.width || !(field.max >> member & 1))
    return parser.emitError(loc)
           << "expected members of '" << field.name << "' up to "
           << llvm::Log2_64(field.max) << ", found " << member;
  return success();
}

/// Parses a set, `[1, 4]` or `[score, store]`.
static ParseResult parseSet(OpAsmParser &parser, const Field &field,
                            uint64_t &value) {
  value = 0;
  return parser.parseCommaSeparatedList(
      OpAsmParser::Delimiter::Square, [&]() -> ParseResult {
        uint64_t member = 0;
        if (parseMember(parser, field, member))
          return failure();
        value |= uint64_t(1) << member;
        return success();
      });
}

/// Parses what follows the name of a field that is no flag.
static ParseResult parseValue(OpAsmParser &parser, const Field &field,
                              uint64_t &value) {
  if (parser.parseEqual())
    return failure();
  if (field.kind == FieldKind::Set)
    return parseSet(parser, field, value);
  if (field.kind == FieldKind::Real) {
    APFloat real(0.0f);
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseFloat(APFloat::IEEEsingle(), real))
      return failure();
    value = real.bitcastToAPInt().getZExtValue();
    if (value > field.max)
      return parser.emitError(loc)
             << "expected '" << field.name << "' to be finite and not negative";
    return success();
  }
  SMLoc loc = parser.getCurrentLocation();
  APInt number;
  if (OptionalParseResult parsed = parser.parseOptionalInteger(number);
      !parsed.has_value() || failed(*parsed))
    return parsed.has_value() ? failure()
                              : parser.emitError(loc, "expected a number");
  if (number.isNegative() || number.getActiveBits() > 63 ||
      number.getZExtValue() < field.min || number.getZExtValue() > field.max)
    return parser.emitError(loc)
           << "expected '" << field.name << "' from " << field.min << " to "
           << field.max << ", found " << toString(number, 10, true);
  value = number.getZExtValue();
  return success();
}

ParseResult program::parseFields(OpAsmParser &parser, OperationState &result,
                                 ArrayRef<Field> fields) {
  SmallVector<std::optional<uint64_t>> values(fields.size());
  // The next keyword may be the next op, so the first must be a field's name.
  SmallVector<StringRef> names;
  for (const Field &field : fields)
    names.push_back(field.name);
  StringRef name;
  SMLoc loc = parser.getCurrentLocation();
  bool more = succeeded(parser.parseOptionalKeyword(&name, names));
  while (more) {
    const Field *field =
        llvm::find_if(fields, [&](const Field &f) { return f.name == name; });
    if (field == fields.end())
      return parser.emitError(loc) << "expected a field of the instruction, "
                                      "found '"
                                   << name << "'";
    std::optional<uint64_t> &value = values[field - fields.begin()];
    if (value)
      return parser.emitError(loc) << "expected '" << name << "' once";
    value = 1;
    if (field->kind != FieldKind::Flag && parseValue(parser, *field, *value))
      return failure();
    more = succeeded(parser.parseOptionalComma());
    loc = parser.getCurrentLocation();
    if (more && parser.parseKeyword(&name))
      return failure();
  }
  for (auto [field, value] : llvm::zip_equal(fields, values))
    result.addAttribute(field.name, parser.getBuilder().getI64IntegerAttr(
                                        value.value_or(field.min)));
  return parser.parseOptionalAttrDictWithKeyword(result.attributes);
}

static void printValue(OpAsmPrinter &printer, const Field &field,
                       uint64_t value) {
  printer << field.name;
  if (field.kind == FieldKind::Flag)
    return;
  printer << " = ";
  if (field.kind == FieldKind::Number) {
    printer << value;
  } else if (field.kind == FieldKind::Real) {
    auto real = llvm::bit_cast<float>(static_cast<uint32_t>(value));
    printer.printFloat(APFloat(real));
  } else {
    SmallVector<StringRef> names = getMembers(field);
    SmallVector<std::string> members;
    for (unsigned bit = 0; bit < field.width; ++bit)
      if (value >> bit & 1)
        members.push_back(names.empty() ? std::to_string(bit)
                                        : names[bit].str());
    printer << '[' << llvm::join(members, ", ") << ']';
  }
}

void program::printFields(OpAsmPrinter &printer, Operation *op) {
  SmallVector<StringRef> names;
  StringRef separator = " ";
  for (const Field &field : cast<InstructionOpInterface>(op).getFields()) {
    names.push_back(field.name);
    auto attr = op->getAttrOfType<IntegerAttr>(field.name);
    uint64_t value = attr ? attr.getValue().getZExtValue() : field.min;
    if (value == field.min)
      continue;
    printer << separator;
    printValue(printer, field, value);
    separator = ", ";
  }
  printer.printOptionalAttrDictWithKeyword(op->getAttrs(), names);
}
