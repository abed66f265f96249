#ifndef RAREFY_HARDWARE_MEMORYCONFIG_H
#define RAREFY_HARDWARE_MEMORYCONFIG_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rarefy {

/// What a memory controller sends to a device.
enum class DRAMCommand : uint8_t {
  Activate,
  Precharge,
  PrechargeAll,
  Read,
  Write,
  Refresh
};
inline constexpr unsigned numDRAMCommands = 6;

/// The parts of a channel, from the whole to the smallest.
enum class DRAMScope : uint8_t { Channel, PseudoChannel, BankGroup, Bank };
inline constexpr unsigned numDRAMScopes = 4;

/// The fields that the address within a channel is made of.
enum class AddressField : uint8_t {
  Column,
  PseudoChannel,
  BankGroup,
  Bank,
  Row
};

/// After a `preceding` command to some part of the device, a `following` one
/// to the same part waits. With a window of w it is the w-th latest preceding
/// command that counts.
struct TimingRow {
  DRAMScope scope = DRAMScope::Channel;
  std::vector<DRAMCommand> preceding;
  std::vector<DRAMCommand> following;
  /// A sum of numbers and of names from `DRAMTiming::values`.
  std::string cycles;
  unsigned window = 1;

  /// `cycles`, evaluated.
  unsigned latencyCycles = 0;
};

/// The timing table: the only place where a constraint of a device stands.
struct DRAMTiming {
  std::map<std::string, unsigned> values;
  /// Sums like those of the rows: from a command to its last data, and how
  /// long its data occupies the bus of its pseudo-channel.
  std::string readData, writeData, burst;
  std::vector<TimingRow> rows;

  unsigned readDataCycles = 0;
  unsigned writeDataCycles = 0;
  unsigned burstCycles = 0;
};

enum class RefreshMode : uint8_t { None, AllBank };

struct RefreshConfig {
  RefreshMode mode = RefreshMode::None;
  /// A sum, from one refresh to the next.
  std::string interval;

  unsigned intervalCycles = 0;
};

/// Of one channel.
struct DRAMOrganization {
  unsigned pseudoChannels = 0;
  unsigned bankGroups = 0;
  unsigned banksPerGroup = 0;
  unsigned rows = 0;
  unsigned columns = 0;
  unsigned columnBytes = 0;
};

/// Bandwidth and latency without a device behind them.
struct NominalMemory {
  double bytesPerCyclePerChannel = 0;
  unsigned firstAccessCycles = 0;
};

enum class MemoryMode : uint8_t { Timing, Nominal };

struct MemoryConfig {
  MemoryMode mode = MemoryMode::Timing;
  unsigned channels = 0;
  /// What a request is for, and the unit in which channels take turns.
  unsigned transactionBytes = 0;
  unsigned outstandingPerChannel = 0;
  /// From a request's leaving to the first command for it.
  unsigned requestCycles = 0;
  /// From one request to a channel to the next: an accelerator's ports say it.
  unsigned sendCycles = 1;
  NominalMemory nominal;
  DRAMOrganization organization;
  /// From the least significant bit, above those of the channel.
  std::vector<AddressField> mapping;
  RefreshConfig refresh;
  DRAMTiming timing;

  unsigned banksPerChannel() const {
    return organization.pseudoChannels * organization.bankGroups *
           organization.banksPerGroup;
  }
  uint64_t rowBytes() const {
    return uint64_t(organization.columns) * organization.columnBytes;
  }
  uint64_t capacityBytes() const {
    return uint64_t(channels) * banksPerChannel() * organization.rows *
           rowBytes();
  }

  /// Evaluates the sums and refuses what contradicts itself, naming the key.
  llvm::Error resolve();
};

/// The mnemonic of the tables: ACT, PRE, PREA, RD, WR or REF.
llvm::StringRef stringifyDRAMCommand(DRAMCommand command);

} // namespace rarefy

#endif // RAREFY_HARDWARE_MEMORYCONFIG_H
