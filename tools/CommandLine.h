#ifndef RAREFY_TOOLS_COMMANDLINE_H
#define RAREFY_TOOLS_COMMANDLINE_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"
#include <string>

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

/// An error if one of the options was given with nothing behind the '='.
inline llvm::Error
expectValues(llvm::ArrayRef<const llvm::cl::opt<std::string> *> options) {
  for (const llvm::cl::opt<std::string> *option : options)
    if (option->getNumOccurrences() && option->getValue().empty())
      return llvm::createStringError("--" + option->ArgStr +
                                     "=: expected a value, found none");
  return llvm::Error::success();
}

} // namespace rarefy

#endif // RAREFY_TOOLS_COMMANDLINE_H
