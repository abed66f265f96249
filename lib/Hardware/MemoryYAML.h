// The YAML form of MemoryConfig, for the accelerators that have one.

#ifndef RAREFY_LIB_HARDWARE_MEMORYYAML_H
#define RAREFY_LIB_HARDWARE_MEMORYYAML_H

#include "rarefy/Hardware/MemoryConfig.h"
#include "llvm/Support/YAMLTraits.h"

template <> struct llvm::yaml::MappingTraits<rarefy::MemoryConfig> {
  static void mapping(IO &io, rarefy::MemoryConfig &config);
};

#endif // RAREFY_LIB_HARDWARE_MEMORYYAML_H
