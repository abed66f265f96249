#ifndef RAREFY_SUPPORT_FILES_H
#define RAREFY_SUPPORT_FILES_H

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <optional>
#include <string>

namespace rarefy {

/// What is in a file; an error for a folder, and for a device, which may have
/// no end.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readInput(llvm::StringRef path);

/// The same; "-" is standard input.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readInputOrStdin(llvm::StringRef path);

/// Writes what is left in `os`, a stream to `name`, and returns what kept it
/// from writing everything; the stream's destructor would end the process.
llvm::Error finishOutput(llvm::raw_fd_ostream &os, const llvm::Twine &name);

/// Whether what is written to two paths ends up in one file, which need not be
/// there, or in standard output, which is "-".
bool isSameFile(llvm::StringRef a, llvm::StringRef b);

/// A file that is there, whole, when it is kept; until then what it replaces
/// stays.
class OutputFile {
public:
  /// "-" is standard output. That, pipes and devices are written directly.
  static llvm::Expected<OutputFile> open(llvm::StringRef path);
  OutputFile(OutputFile &&) = default;
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

  llvm::raw_fd_ostream &os() { return stream ? *stream : llvm::outs(); }
  /// What kept it from being written.
  llvm::Error finish();
  /// Puts it in its place.
  llvm::Error keep();

private:
  explicit OutputFile(llvm::StringRef path) : path(path) {}

  std::string path;
  std::optional<llvm::sys::fs::TempFile> beside;
  std::unique_ptr<llvm::raw_fd_ostream> stream;
};

} // namespace rarefy

#endif // RAREFY_SUPPORT_FILES_H
