#ifndef RAREFY_TOOLS_COMMANDLINE_H
#define RAREFY_TOOLS_COMMANDLINE_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/CommandLine.h"

namespace rarefy {

/// LLVM's options would fill the help, and some have the names of ours.
inline void dropLLVMOptions() {
  llvm::SmallVector<llvm::cl::Option *> others;
  for (auto &option : llvm::cl::getRegisteredOptions())
    if (option.first != "help" && option.first != "version")
      others.push_back(option.second);
  for (llvm::cl::Option *option : others)
    option->removeArgument();
}

} // namespace rarefy

#endif // RAREFY_TOOLS_COMMANDLINE_H
