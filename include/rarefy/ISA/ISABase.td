#ifndef RAREFY_ISA_ISABASE_TD
#define RAREFY_ISA_ISABASE_TD

include "mlir/IR/OpBase.td"
include "rarefy/ISA/ISAInterfaces.td"

defvar kOpcodeBits = 8; // As in ISA.h.
defvar kWordBits = 128; // As in ISA.h.

/// One operand of an instruction: an unsigned integer of `width` bits that lies
/// in [`min`, `max`]; `max` is what the width allows when it is left out. How it
/// is written follows `kind`, an enumerator of program::FieldKind.
class Field<string name_, int width_, string description_, int min_ = 0,
            int max_ = !sub(!shl(1, width_), 1), string kind_ = "Number"> {
  string name = name_;
  int width = width_;
  int min = min_;
  int max = max_;
  string description = description_;
  string kind = kind_;
  string members = "";
  assert !and(!gt(width_, 0), !le(width_, 48)),
         "field '" # name_ # "' must be 1 to 48 bits wide";
  assert !and(!le(min_, max_), !lt(max_, !shl(1, width_))),
         "the range of field '" # name_ # "' does not fit its width";
  Attr attr = ConfinedAttr<I64Attr, [IntMinValue<min_>, IntMaxValue<max_>]>;
}

/// One bit, written as its name alone when it is set.
class Flag<string name, string description>
    : Field<name, 1, description, 0, 1, "Flag">;

/// A set of small numbers, one bit each, written as a list; the empty set is
/// left out.
class Set<string name, int width, string description>
    : Field<name, width, description, 0, !sub(!shl(1, width), 1), "Set">;

/// A set whose members have names: bit i stands for the name in place i.
class NamedSet<string name, list<string> members_, string description>
    : Set<name, !size(members_), description> {
  let members = !interleave(members_, " ");
}

/// A finite number in binary32 that is not negative, written as such; of its
/// bits 0x7f7fffff are the most.
class Real<string name, string description>
    : Field<name, 32, description, 0, 0x7f7fffff, "Real">;

/// A `Field` with the bit where it starts.
class PlacedField<Field field_, int offset_> {
  Field item = field_;
  int offset = offset_;
  string init = "{\"" # field_.name # "\", " # offset_ # ", " # field_.width #
                ", " # field_.min # ", " # field_.max #
                ", ::rarefy::program::FieldKind::" # field_.kind # ", \"" #
                field_.description # "\", \"" # field_.members # "\"}";
}

/// Where a field of `width` bits goes when the bits below `next` are taken: at
/// `next`, or at the next 64-bit boundary if it would straddle it.
class PlaceAt<int next, int width> {
  int offset = !if(!gt(!add(!and(next, 63), width), 64),
                   !and(!add(next, 63), -64), next);
}

/// The end of `layout`, placed from the opcode on.
class LayoutEnd<list<Field> layout> {
  int end = !foldl(kOpcodeBits, layout, next, f,
                   !add(PlaceAt<next, f.width>.offset, f.width));
}

/// An op that is one instruction. `layout` is the only definition of it: its
/// attributes and their ranges, its syntax, its encoding, its reference page.
class InstructionOp<Dialect dialect, string mnemonic, int opcode_,
                    list<Field> layout, list<Trait> traits = []>
    : Op<dialect, mnemonic, traits # [
        DeclareOpInterfaceMethods<InstructionOpInterface>]> {
  assert !lt(opcode_, !shl(1, kOpcodeBits)),
         "the opcode of '" # mnemonic # "' does not fit its field";
  assert !le(LayoutEnd<layout>.end, kWordBits),
         "'" # mnemonic # "' does not fit the instruction word";
  list<PlacedField> placed = !foreach(i, !range(!size(layout)),
      PlacedField<layout[i], PlaceAt<
          LayoutEnd<!foldl([]<Field>, !range(i), l, j, !listconcat(l, [layout[j]]))>.end,
          layout[i].width>.offset>);
  let arguments = !dag(ins, !foreach(f, layout, f.attr),
                       !foreach(f, layout, f.name));
  let hasCustomAssemblyFormat = 1;
  let extraClassDefinition = [{
    ::mlir::ParseResult $cppClass::parse(::mlir::OpAsmParser &parser,
                                         ::mlir::OperationState &result) {
      return ::rarefy::program::parseFields(parser, result, getFields());
    }
    void $cppClass::print(::mlir::OpAsmPrinter &printer) {
      ::rarefy::program::printFields(printer, *this);
    }
    uint64_t $cppClass::getOpcode() { return }] # opcode_ # [{; }
    ::llvm::ArrayRef<::rarefy::program::Field> $cppClass::getFields() {
      static constexpr std::array<::rarefy::program::Field, }] # !size(layout) # [{> fields{}] #
        !if(!empty(layout), "", "{" # !interleave(!foreach(p, placed, p.init), ", ") # "}") # [{};
      return fields;
    }
  }];
}

#endif // RAREFY_ISA_ISABASE_TD
