// Reads an accelerator's program from an ELF file.

#include "Format.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "rarefy/Target/Program/ProgramFile.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Object/ELF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Error.h"
#include <utility>

using namespace rarefy;
using namespace rarefy::program;
using llvm::Error;
using llvm::Expected;

namespace {

using ELF = llvm::object::ELF64LE;

/// What the note says.
struct Note {
  StringRef target;
  StringRef fingerprint;
  SmallVector<NamedAttribute> parameters;
};

class ProgramReader {
public:
  ProgramReader(llvm::MemoryBufferRef buffer, MLIRContext *context)
      : buffer(buffer), builder(context),
        loc(FileLineColLoc::get(context, buffer.getBufferIdentifier(), 0, 0)) {}

  OwningOpRef<ModuleOp> read();

private:
  Error readFile();
  Error readSections(const ELF::Shdr *&symbols);
  Error readNote(const ELF::Shdr &section);
  Error readNoteLine(StringRef line);
  Error checkTarget();
  Error readSymbols(const ELF::Shdr &section);
  Error addTensor(StringRef name, const ELF::Sym &symbol,
                  StringRef description);
  Expected<DenseElementsAttr> readValue(StringRef name, const ELF::Sym &symbol,
                                        RankedTensorType type);
  LogicalResult addCode();

  llvm::MemoryBufferRef buffer;
  OpBuilder builder;
  Location loc;
  std::optional<llvm::object::ELFFile<ELF>> file;
  Note note;
  ProgramOp program;
  ArrayRef<uint8_t> code;
  size_t codeSection = 0;
  StringRef tensors;
  /// The first error that MLIR's own verifiers reported.
  std::string diagnosed;
};

} // namespace

template <typename... Parts> static Error makeError(Parts &&...parts) {
  std::string text;
  llvm::raw_string_ostream os(text);
  (os << ... << parts);
  return llvm::createStringError(text);
}

Error ProgramReader::readNoteLine(StringRef line) {
  auto [key, value] = line.split(' ');
  if (key == "isa" || key == "fingerprint") {
    StringRef &known = key == "isa" ? note.target : note.fingerprint;
    if (!known.empty())
      return makeError("expected '", key, "' once in the note");
    known = value;
  } else {
    auto [name, number] = value.split(' ');
    int64_t parsed;
    if (key != "parameter" || name.empty() || number.getAsInteger(10, parsed))
      return makeError("expected 'parameter NAME NUMBER' in the note, found '",
                       line, "'");
    for (NamedAttribute other : note.parameters)
      if (other.getName() == name)
        return makeError("expected parameter '", name, "' once in the note");
    note.parameters.push_back(
        builder.getNamedAttr(name, builder.getI64IntegerAttr(parsed)));
  }
  return Error::success();
}

Error ProgramReader::readNote(const ELF::Shdr &section) {
  Error error = Error::success();
  for (const ELF::Note &entry : file->notes(section, error)) {
    if (entry.getName() != kNoteOwner || entry.getType() != kNoteType)
      continue;
    SmallVector<StringRef> lines;
    entry.getDescAsStringRef(4).split(lines, '\n', -1, /*KeepEmpty=*/false);
    for (StringRef line : lines)
      if (Error wrong = readNoteLine(line))
        return llvm::joinErrors(std::move(error), std::move(wrong));
  }
  return error;
}

Error ProgramReader::checkTarget() {
  MLIRContext *context = builder.getContext();
  if (note.target.empty())
    return makeError("expected a note '", kNoteSection,
                     "' that names the instruction set");
  if (!llvm::all_of(note.target, llvm::isAlnum) ||
      !context->getOrLoadDialect(note.target) ||
      getInstructions(context, note.target).empty())
    return makeError("expected a known instruction set, found '", note.target,
                     "'");
  if (std::string known = getFingerprint(context, note.target);
      known != note.fingerprint)
    return makeError("expected instructions of '", note.target,
                     "' with fingerprint ", known, ", found '",
                     note.fingerprint, "'; assemble the program anew");
  return Error::success();
}

/// The constant bytes of `symbol`, one element after the other.
Expected<DenseElementsAttr> ProgramReader::readValue(StringRef name,
                                                     const ELF::Sym &symbol,
                                                     RankedTensorType type) {
  Expected<const ELF::Shdr *> section = file->getSection(symbol.st_shndx);
  if (!section)
    return section.takeError();
  Expected<StringRef> sectionName = file->getSectionName(**section);
  if (!sectionName)
    return sectionName.takeError();
  if (*sectionName != (kDataPrefix + name).str() ||
      (*section)->sh_addr != symbol.st_value)
    return makeError("expected a section '", kDataPrefix, name, "' at address ",
                     uint64_t(symbol.st_value), ", found '", *sectionName,
                     "' at ", uint64_t((*section)->sh_addr));
  Expected<ArrayRef<uint8_t>> bytes = file->getSectionContents(**section);
  if (!bytes)
    return bytes.takeError();
  if (bytes->size() != symbol.st_size)
    return makeError("expected ", uint64_t(symbol.st_size),
                     " bytes of data for '", name, "', found ", bytes->size());
  unsigned width = type.getElementTypeBitWidth();
  SmallVector<APInt> elements;
  elements.reserve(type.getNumElements());
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    APInt element(width, 0);
    for (unsigned bit = 0; bit < width; ++bit)
      if (uint64_t place = uint64_t(i) * width + bit;
          (*bytes)[place / 8] >> place % 8 & 1)
        element.setBit(bit);
    elements.push_back(element);
  }
  auto floatType = dyn_cast<FloatType>(type.getElementType());
  if (!floatType)
    return DenseElementsAttr::get(type, elements);
  SmallVector<APFloat> reals;
  for (const APInt &element : elements)
    reals.emplace_back(floatType.getFloatSemantics(), element);
  return DenseElementsAttr::get(type, reals);
}

/// Reads `description`, "in tensor<2x3xi6>". Types nest no deeper than that, so
/// no text can exhaust the type parser's stack.
Error ProgramReader::addTensor(StringRef name, const ELF::Sym &symbol,
                               StringRef description) {
  auto [direction, text] = description.split(' ');
  std::optional<Direction> known = symbolizeDirection(direction);
  RankedTensorType type;
  if (text.starts_with("tensor<") && text.count('<') == 1 && text.size() < 200)
    type = dyn_cast_or_null<RankedTensorType>(
        parseType(text, builder.getContext()));
  if (!known || !type || !type.hasStaticShape() ||
      !type.getElementType().isIntOrFloat())
    return makeError("expected direction and static type of tensor '", name,
                     "', found '", description, "'");
  auto tensor =
      TensorOp::create(builder, loc, name, *known, symbol.st_value, type,
                       /*value=*/ElementsAttr());
  if (failed(mlir::verify(tensor)))
    return makeError(diagnosed);
  if (tensor.getSizeInBytes() != symbol.st_size)
    return makeError("expected ", tensor.getSizeInBytes(), " bytes of '", name,
                     "', found ", uint64_t(symbol.st_size));
  if (symbol.st_shndx == llvm::ELF::SHN_ABS)
    return Error::success();
  Expected<DenseElementsAttr> value = readValue(name, symbol, type);
  if (!value)
    return value.takeError();
  tensor.setValueAttr(*value);
  return Error::success();
}

Error ProgramReader::readSymbols(const ELF::Shdr &section) {
  Expected<ELF::SymRange> symbols = file->symbols(&section);
  if (!symbols)
    return symbols.takeError();
  Expected<StringRef> names = file->getStringTableForSymtab(section);
  if (!names)
    return names.takeError();
  StringRef rest = tensors;
  bool isNamed = false;
  for (const ELF::Sym &symbol : *symbols) {
    if (symbol.getType() != llvm::ELF::STT_OBJECT &&
        symbol.getType() != llvm::ELF::STT_FUNC)
      continue;
    Expected<StringRef> name = symbol.getName(*names);
    if (!name)
      return name.takeError();
    if (name->empty())
      return makeError("expected a name of the program and of each tensor, "
                       "found none");
    if (symbol.getType() == llvm::ELF::STT_FUNC) {
      if (std::exchange(isNamed, true) || symbol.st_shndx != codeSection ||
          symbol.st_value != 0 || symbol.st_size != code.size())
        return makeError("expected one function, of all instructions, found '",
                         *name, "'");
      program.setSymName(*name);
      continue;
    }
    if (SymbolTable::lookupSymbolIn(program, *name))
      return makeError("expected one tensor '", *name, "', found two");
    StringRef description;
    std::tie(description, rest) = rest.split('\0');
    if (Error error = addTensor(*name, symbol, description))
      return error;
  }
  if (!isNamed)
    return makeError("expected a function of all instructions, found none");
  if (!rest.empty())
    return makeError("expected a symbol for each tensor, found none for '",
                     rest.split('\0').first, "'");
  return Error::success();
}

/// Finds the sections of a program, each of which is there once.
Error ProgramReader::readSections(const ELF::Shdr *&symbols) {
  Expected<ELF::ShdrRange> sections = file->sections();
  if (!sections)
    return sections.takeError();
  StringSet<> found;
  for (auto [index, section] : llvm::enumerate(*sections)) {
    Expected<StringRef> name = file->getSectionName(section);
    if (!name)
      return name.takeError();
    Expected<ArrayRef<uint8_t>> bytes = file->getSectionContents(section);
    if (!bytes)
      return bytes.takeError();
    bool isSymbols = section.sh_type == llvm::ELF::SHT_SYMTAB;
    if (*name == ".text") {
      code = *bytes;
      codeSection = index;
    } else if (*name == kTensorSection) {
      tensors = llvm::toStringRef(*bytes);
    } else if (isSymbols) {
      symbols = &section;
    } else if (*name == kNoteSection &&
               section.sh_type == llvm::ELF::SHT_NOTE) {
      if (Error error = readNote(section))
        return error;
    } else {
      continue;
    }
    StringRef kind = isSymbols ? ".symtab" : *name;
    if (!found.insert(kind).second)
      return makeError("expected one section '", kind, "', found two");
  }
  return Error::success();
}

/// Reads all but the instructions.
Error ProgramReader::readFile() {
  auto created = llvm::object::ELFFile<ELF>::create(buffer.getBuffer());
  if (!created)
    return created.takeError();
  file = *created;
  if (!buffer.getBuffer().starts_with("\177ELF\2\1"))
    return makeError("expected a 64-bit little-endian ELF file");
  const ELF::Ehdr &header = file->getHeader();
  if (header.e_type != llvm::ELF::ET_EXEC ||
      header.e_machine != llvm::ELF::EM_NONE)
    return makeError("expected an executable of no common machine, found type ",
                     unsigned(header.e_type), " and machine ",
                     unsigned(header.e_machine));
  const ELF::Shdr *symbols = nullptr;
  if (Error error = readSections(symbols))
    return error;
  if (Error error = checkTarget())
    return error;
  if (!symbols || code.empty() || code.size() % kWordBytes != 0)
    return makeError("expected a symbol table and whole instruction words");
  program = ProgramOp::create(builder, loc, "program", note.target,
                              builder.getDictionaryAttr(note.parameters));
  builder.setInsertionPointToEnd(&program.getBodyRegion().emplaceBlock());
  return readSymbols(*symbols);
}

LogicalResult ProgramReader::addCode() {
  Decoder decoder(builder.getContext(), note.target);
  for (size_t at = 0; at < code.size(); at += kWordBytes) {
    Word word = {llvm::support::endian::read64le(code.data() + at),
                 llvm::support::endian::read64le(code.data() + at + 8)};
    // Locations count instructions from 1 on.
    auto name =
        builder.getStringAttr("instruction " + Twine(at / kWordBytes + 1));
    if (failed(decoder.decode(builder, NameLoc::get(name, loc), word)))
      return failure();
  }
  return success();
}

OwningOpRef<ModuleOp> ProgramReader::read() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  // What the verifiers say of a damaged file becomes the one error.
  {
    auto note = [&](Diagnostic &diagnostic) {
      if (!diagnosed.empty())
        return;
      if (auto place = dyn_cast<NameLoc>(diagnostic.getLocation()))
        diagnosed = (place.getName().getValue() + ": ").str();
      diagnosed += diagnostic.str();
    };
    ScopedDiagnosticHandler handler(builder.getContext(), note);
    if (Error error = readFile())
      diagnosed = toString(std::move(error));
    else if (succeeded(addCode()) && succeeded(mlir::verify(*module)))
      return module;
  }
  emitError(loc) << "not a legal program: " << diagnosed;
  return nullptr;
}

OwningOpRef<ModuleOp> rarefy::readProgramFile(llvm::MemoryBufferRef buffer,
                                              MLIRContext *context) {
  context->getOrLoadDialect<ISADialect>();
  return ProgramReader(buffer, context).read();
}
