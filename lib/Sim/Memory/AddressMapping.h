// Where the transactions of a channel lie in its device.

#ifndef RAREFY_LIB_SIM_MEMORY_ADDRESSMAPPING_H
#define RAREFY_LIB_SIM_MEMORY_ADDRESSMAPPING_H

#include "rarefy/Hardware/MemoryConfig.h"

namespace rarefy {

/// A row of a bank of a channel.
struct Place {
  unsigned bank;
  unsigned row;
};

/// Transactions are numbered within their channel.
class AddressMapping {
public:
  explicit AddressMapping(const MemoryConfig &config);

  Place placeOf(uint64_t transaction) const {
    unsigned group = fieldOf(AddressField::PseudoChannel, transaction) *
                         organization.bankGroups +
                     fieldOf(AddressField::BankGroup, transaction);
    return {group * organization.banksPerGroup +
                fieldOf(AddressField::Bank, transaction),
            fieldOf(AddressField::Row, transaction)};
  }

  /// Whether two are of the same row without more ado: they differ in the
  /// lowest bits, and those are the column's.
  bool areNeighbours(uint64_t a, uint64_t b) const {
    return ((a ^ b) & ~columnMask) == 0;
  }

private:
  /// A field's bits among those of a transaction.
  struct BitField {
    unsigned shift = 0;
    uint64_t mask = 0;
  };

  unsigned fieldOf(AddressField field, uint64_t transaction) const {
    const BitField &bits = fields[unsigned(field)];
    return (transaction >> bits.shift) & bits.mask;
  }

  DRAMOrganization organization;
  BitField fields[5];
  uint64_t columnMask = 0;
};

} // namespace rarefy

#endif // RAREFY_LIB_SIM_MEMORY_ADDRESSMAPPING_H
