#ifndef RAREFY_TOOLS_PROCESSFILE_H
#define RAREFY_TOOLS_PROCESSFILE_H

#include "rarefy/Support/Files.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

/// Gives what is in `input` to `process`, and a stream to `output`, which
/// changes only if all went well; "-" is standard input or output. Errors that
/// `process` has printed are returned without a text.
inline llvm::Error processFile(
    StringRef input, StringRef output,
    llvm::function_ref<LogicalResult(std::unique_ptr<llvm::MemoryBuffer>,
                                     raw_ostream &)>
        process) {
  auto buffer = readInputOrStdin(input);
  if (!buffer)
    return buffer.takeError();
  auto file = OutputFile::open(output);
  if (!file)
    return file.takeError();
  LogicalResult result = process(std::move(*buffer), file->os());
  if (llvm::Error error = file->finish())
    return error;
  return succeeded(result) ? file->keep() : llvm::createStringError("");
}

/// Prints an error that has a text, and returns a tool's exit code.
inline int getExitCode(llvm::Error error) {
  if (!error)
    return 0;
  if (std::string message = toString(std::move(error)); !message.empty())
    llvm::errs() << "error: " << message << "\n";
  return 1;
}

} // namespace rarefy

#endif // RAREFY_TOOLS_PROCESSFILE_H
