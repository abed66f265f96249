// Reads a memory's parameters and its timing table.

#include "MemoryYAML.h"
#include "ConfigReader.h"

LLVM_YAML_IS_FLOW_SEQUENCE_VECTOR(rarefy::DRAMCommand)
LLVM_YAML_IS_FLOW_SEQUENCE_VECTOR(rarefy::AddressField)
LLVM_YAML_IS_SEQUENCE_VECTOR(rarefy::TimingRow)

using namespace rarefy;

namespace llvm::yaml {

template <> struct ScalarEnumerationTraits<DRAMCommand> {
  static void enumeration(IO &io, DRAMCommand &value) {
    SmallVector<std::pair<StringRef, DRAMCommand>> words;
    for (unsigned i = 0; i < numDRAMCommands; ++i)
      words.push_back({stringifyDRAMCommand(DRAMCommand(i)), DRAMCommand(i)});
    mapWord(io, value, words);
  }
};

template <> struct ScalarEnumerationTraits<DRAMScope> {
  static void enumeration(IO &io, DRAMScope &value) {
    mapWord(io, value,
            {{"channel", DRAMScope::Channel},
             {"pseudo-channel", DRAMScope::PseudoChannel},
             {"bank-group", DRAMScope::BankGroup},
             {"bank", DRAMScope::Bank}});
  }
};

template <> struct ScalarEnumerationTraits<AddressField> {
  static void enumeration(IO &io, AddressField &value) {
    mapWord(io, value,
            {{"column", AddressField::Column},
             {"pseudo-channel", AddressField::PseudoChannel},
             {"bank-group", AddressField::BankGroup},
             {"bank", AddressField::Bank},
             {"row", AddressField::Row}});
  }
};

template <> struct ScalarEnumerationTraits<MemoryMode> {
  static void enumeration(IO &io, MemoryMode &value) {
    mapWord(io, value,
            {{"timing", MemoryMode::Timing}, {"nominal", MemoryMode::Nominal}});
  }
};

template <> struct ScalarEnumerationTraits<RefreshMode> {
  static void enumeration(IO &io, RefreshMode &value) {
    mapWord(io, value,
            {{"none", RefreshMode::None}, {"all-bank", RefreshMode::AllBank}});
  }
};

using TimingValues = std::map<std::string, unsigned>;
template <> struct CustomMappingTraits<TimingValues> {
  static void inputOne(IO &io, StringRef key, TimingValues &values) {
    auto &context = *static_cast<ConfigContext *>(io.getContext());
    if (context.overriding && !values.count(key.str()))
      io.setError("unknown key '" + key + "'");
    else
      mapField(io, key.str().c_str(), values[key.str()]);
  }
  static void output(IO &io, TimingValues &values) {
    for (auto &[name, value] : values)
      io.mapRequired(name.c_str(), value);
  }
};

template <> struct MappingTraits<TimingRow> {
  static void mapping(IO &io, TimingRow &row) {
    mapField(io, "scope", row.scope);
    mapField(io, "preceding", row.preceding);
    mapField(io, "following", row.following);
    mapField(io, "cycles", row.cycles);
    io.mapOptional("window", row.window);
  }
};

template <> struct MappingTraits<DRAMTiming> {
  static void mapping(IO &io, DRAMTiming &timing) {
    mapField(io, "values", timing.values);
    mapField(io, "readData", timing.readData);
    mapField(io, "writeData", timing.writeData);
    mapField(io, "burst", timing.burst);
    mapField(io, "rows", timing.rows);
  }
};

template <> struct MappingTraits<RefreshConfig> {
  static void mapping(IO &io, RefreshConfig &refresh) {
    mapField(io, "mode", refresh.mode);
    mapField(io, "interval", refresh.interval);
  }
};

template <> struct MappingTraits<DRAMOrganization> {
  static void mapping(IO &io, DRAMOrganization &organization) {
    mapField(io, "pseudoChannels", organization.pseudoChannels);
    mapField(io, "bankGroups", organization.bankGroups);
    mapField(io, "banksPerGroup", organization.banksPerGroup);
    mapField(io, "rows", organization.rows);
    mapField(io, "columns", organization.columns);
    mapField(io, "columnBytes", organization.columnBytes);
  }
};

template <> struct MappingTraits<NominalMemory> {
  static void mapping(IO &io, NominalMemory &nominal) {
    mapField(io, "bytesPerCyclePerChannel", nominal.bytesPerCyclePerChannel);
    mapField(io, "firstAccessCycles", nominal.firstAccessCycles);
  }
};

void MappingTraits<MemoryConfig>::mapping(IO &io, MemoryConfig &config) {
  mapField(io, "mode", config.mode);
  mapField(io, "channels", config.channels);
  mapField(io, "transactionBytes", config.transactionBytes);
  mapField(io, "outstandingPerChannel", config.outstandingPerChannel);
  mapField(io, "requestCycles", config.requestCycles);
  mapField(io, "nominal", config.nominal);
  mapField(io, "organization", config.organization);
  mapField(io, "mapping", config.mapping);
  mapField(io, "refresh", config.refresh);
  mapField(io, "timing", config.timing);
}

} // namespace llvm::yaml
