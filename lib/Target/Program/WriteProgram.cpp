// Writes an accelerator's program as an ELF file.

#include "Format.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "rarefy/Target/Program/ProgramFile.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/ObjectYAML/ELFYAML.h"
#include "llvm/ObjectYAML/yaml2obj.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"
#include <limits>
#include <list>
#include <memory>

using namespace rarefy;
using namespace rarefy::program;
namespace ELF = llvm::ELF;
namespace ELFYAML = llvm::ELFYAML;

std::string rarefy::getFingerprint(MLIRContext *context, StringRef dialect) {
  std::string page;
  llvm::raw_string_ostream os(page);
  printReference(context, dialect, os);
  return llvm::utohexstr(llvm::xxh3_64bits(page), /*LowerCase=*/true);
}

namespace {

/// Values are in memory until the file is written.
constexpr uint64_t maxValueBytes = uint64_t(1) << 31;

/// Collects the parts of the file; owns the bytes that they refer to.
class ProgramWriter {
public:
  explicit ProgramWriter(ProgramOp program) : program(program) {}
  LogicalResult write(raw_ostream &os);

private:
  LogicalResult addCode();
  LogicalResult addTensors();
  LogicalResult addValue(TensorOp tensor, ELFYAML::Symbol &symbol);
  void addNote();
  LogicalResult checkName(Operation *op, StringRef name);
  std::string &keep(std::string bytes) {
    return strings.emplace_back(std::move(bytes));
  }
  /// The library takes a suffix off again: names that have one, and a tensor of
  /// the program's name, get through.
  StringRef makeUnique(StringRef name) {
    return keep(ELFYAML::appendUniqueSuffix(name, Twine(strings.size())));
  }
  ELFYAML::RawContentSection &addSection(StringRef name, StringRef bytes);
  LogicalResult emit(raw_ostream &os);

  ProgramOp program;
  ELFYAML::Object object;
  std::list<std::string> strings;
  uint64_t valueBytes = 0;
};

} // namespace

/// A symbol name ends at the first zero byte, and an empty one is none.
LogicalResult ProgramWriter::checkName(Operation *op, StringRef name) {
  if (name.empty() || name.contains('\0'))
    return op->emitOpError("expects a name without a zero byte");
  return success();
}

ELFYAML::RawContentSection &ProgramWriter::addSection(StringRef name,
                                                      StringRef bytes) {
  auto section = std::make_unique<ELFYAML::RawContentSection>();
  section->Name = name;
  section->Type = ELFYAML::ELF_SHT(ELF::SHT_PROGBITS);
  section->AddressAlign = 1;
  section->Content = llvm::yaml::BinaryRef(llvm::arrayRefFromStringRef(bytes));
  ELFYAML::RawContentSection &result = *section;
  object.Chunks.push_back(std::move(section));
  return result;
}

LogicalResult ProgramWriter::addCode() {
  std::string words;
  for (auto op : program.getOps<InstructionOpInterface>()) {
    if (op->getAttrs().size() != op.getFields().size())
      return op->emitOpError("has an attribute that is not a field; a program "
                             "file cannot hold it");
    for (uint64_t half : encode(op)) {
      char bytes[8];
      llvm::support::endian::write64le(bytes, half);
      words.append(bytes, sizeof(bytes));
    }
  }
  ELFYAML::RawContentSection &text = addSection(".text", keep(words));
  text.Flags = ELFYAML::ELF_SHF(ELF::SHF_ALLOC | ELF::SHF_EXECINSTR);
  text.Address = 0;
  text.AddressAlign = kWordBytes;
  ELFYAML::Symbol symbol{};
  symbol.Name = makeUnique(program.getSymName());
  symbol.Type = ELFYAML::ELF_STT(ELF::STT_FUNC);
  symbol.Binding = ELFYAML::ELF_STB(ELF::STB_GLOBAL);
  symbol.Section = StringRef(".text");
  symbol.Size = words.size();
  object.Symbols->push_back(symbol);
  return checkName(program, program.getSymName());
}

/// The elements of `value` one after the other, as many bits each as the type
/// has, from the lowest bit of the first byte on.
static std::string packBits(DenseElementsAttr value) {
  unsigned width = value.getElementType().getIntOrFloatBitWidth();
  std::string bytes((value.getNumElements() * width + 7) / 8, '\0');
  size_t bit = 0;
  auto append = [&](const APInt &element) {
    for (unsigned i = 0; i < width; ++i, ++bit)
      bytes[bit / 8] |= element[i] << bit % 8;
  };
  if (isa<FloatType>(value.getElementType()))
    for (APFloat element : value.getValues<APFloat>())
      append(element.bitcastToAPInt());
  else
    for (const APInt &element : value.getValues<APInt>())
      append(element);
  return bytes;
}

LogicalResult ProgramWriter::addValue(TensorOp tensor,
                                      ELFYAML::Symbol &symbol) {
  auto value = dyn_cast<DenseElementsAttr>(*tensor.getValue());
  if (!value)
    return tensor.emitOpError("expects a dense value, found ")
           << *tensor.getValue();
  valueBytes += tensor.getSizeInBytes();
  if (valueBytes > maxValueBytes)
    return tensor.emitOpError("expects at most ")
           << maxValueBytes << " bytes of values in a file, found "
           << valueBytes;
  StringRef name = makeUnique((kDataPrefix + tensor.getSymName()).str());
  ELFYAML::RawContentSection &data = addSection(name, keep(packBits(value)));
  data.Flags = ELFYAML::ELF_SHF(ELF::SHF_ALLOC);
  data.Address = tensor.getAddress();
  symbol.Section = name;
  return success();
}

LogicalResult ProgramWriter::addTensors() {
  std::string types;
  for (auto tensor : program.getOps<TensorOp>()) {
    ELFYAML::Symbol symbol{};
    symbol.Name = makeUnique(tensor.getSymName());
    symbol.Type = ELFYAML::ELF_STT(ELF::STT_OBJECT);
    symbol.Binding = ELFYAML::ELF_STB(ELF::STB_GLOBAL);
    symbol.Value = tensor.getAddress();
    symbol.Size = tensor.getSizeInBytes();
    symbol.Index = ELFYAML::ELF_SHN(ELF::SHN_ABS);
    if (failed(checkName(tensor, tensor.getSymName())))
      return failure();
    if (tensor.getValue()) {
      symbol.Index.reset();
      if (failed(addValue(tensor, symbol)))
        return failure();
    }
    object.Symbols->push_back(symbol);
    llvm::raw_string_ostream(types) << stringifyDirection(tensor.getDirection())
                                    << ' ' << tensor.getType() << '\0';
  }
  addSection(kTensorSection, keep(types)).Flags =
      ELFYAML::ELF_SHF(ELF::SHF_STRINGS);
  return success();
}

void ProgramWriter::addNote() {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "isa " << program.getTarget() << "\nfingerprint "
     << getFingerprint(program.getContext(), program.getTarget()) << "\n";
  for (NamedAttribute parameter : program.getConfig())
    os << "parameter " << parameter.getName().getValue() << ' '
       << cast<IntegerAttr>(parameter.getValue()).getInt() << "\n";
  auto section = std::make_unique<ELFYAML::NoteSection>();
  section->Name = kNoteSection;
  section->Type = ELFYAML::ELF_SHT(ELF::SHT_NOTE);
  section->AddressAlign = 4;
  ELFYAML::NoteEntry note;
  note.Name = kNoteOwner;
  note.Type = ELFYAML::ELF_NT(kNoteType);
  note.Desc =
      llvm::yaml::BinaryRef(llvm::arrayRefFromStringRef<uint8_t>(keep(text)));
  section->Notes = std::vector<ELFYAML::NoteEntry>{note};
  object.Chunks.push_back(std::move(section));
}

LogicalResult ProgramWriter::emit(raw_ostream &os) {
  object.Header = {};
  object.Header.Class = ELFYAML::ELF_ELFCLASS(ELF::ELFCLASS64);
  object.Header.Data = ELFYAML::ELF_ELFDATA(ELF::ELFDATA2LSB);
  object.Header.OSABI = ELFYAML::ELF_ELFOSABI(ELF::ELFOSABI_STANDALONE);
  object.Header.Type = ELFYAML::ELF_ET(ELF::ET_EXEC);
  object.Header.Machine = ELFYAML::ELF_EM(ELF::EM_NONE);
  LogicalResult result = success();
  auto report = [&](const Twine &message) {
    result = program.emitOpError("cannot be written: ") << message.str();
  };
  llvm::yaml::yaml2elf(object, os, report,
                       std::numeric_limits<uint64_t>::max());
  return result;
}

LogicalResult ProgramWriter::write(raw_ostream &os) {
  // A null section header comes first in the table by itself.
  object.Symbols.emplace();
  addNote();
  if (failed(addCode()) || failed(addTensors()))
    return failure();
  return emit(os);
}

LogicalResult rarefy::writeProgramFile(ProgramOp program, raw_ostream &os) {
  SmallString<0> bytes;
  llvm::raw_svector_ostream buffer(bytes);
  if (failed(ProgramWriter(program).write(buffer)))
    return failure();
  os << bytes;
  return success();
}
