// Arranges the fields of an address as a configuration lists them.

#include "AddressMapping.h"
#include "llvm/Support/MathExtras.h"

namespace rarefy {

AddressMapping::AddressMapping(const MemoryConfig &config)
    : organization(config.organization) {
  // A transaction takes several columns; its number has the others' bits only.
  uint64_t sizes[5] = {config.rowBytes() / config.transactionBytes,
                       organization.pseudoChannels, organization.bankGroups,
                       organization.banksPerGroup, organization.rows};
  unsigned shift = 0;
  for (AddressField field : config.mapping) {
    fields[unsigned(field)] = {shift, sizes[unsigned(field)] - 1};
    shift += llvm::Log2_64(sizes[unsigned(field)]);
  }
  if (config.mapping[0] == AddressField::Column)
    columnMask = fields[unsigned(AddressField::Column)].mask;
}

} // namespace rarefy
