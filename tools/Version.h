#ifndef RAREFY_TOOLS_VERSION_H
#define RAREFY_TOOLS_VERSION_H

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

namespace rarefy {

inline void printVersion(llvm::raw_ostream &os) {
  os << "Rarefy " RAREFY_VERSION " on LLVM " LLVM_VERSION_STRING "\n";
}

/// Lets --version print what a tool belongs to, not LLVM's version alone.
inline void setVersionPrinter() { llvm::cl::SetVersionPrinter(printVersion); }

} // namespace rarefy

#endif // RAREFY_TOOLS_VERSION_H
