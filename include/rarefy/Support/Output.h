#ifndef RAREFY_SUPPORT_OUTPUT_H
#define RAREFY_SUPPORT_OUTPUT_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace rarefy {

/// Writes what is left in `os`, a stream to `name`, and returns what kept it
/// from writing everything; the stream's destructor would end the process.
inline llvm::Error finishOutput(llvm::raw_fd_ostream &os,
                                const llvm::Twine &name) {
  os.flush();
  if (!os.has_error())
    return llvm::Error::success();
  std::string message = os.error().message();
  os.clear_error();
  return llvm::createStringError(name + ": " + message);
}

} // namespace rarefy

#endif // RAREFY_SUPPORT_OUTPUT_H
