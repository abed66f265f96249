// Files that tools and the library read and write.

#include "rarefy/Support/Files.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

static Error makeError(StringRef path, const llvm::Twine &reason) {
  return llvm::createStringError(path + ": " + reason);
}

Expected<std::unique_ptr<llvm::MemoryBuffer>>
rarefy::readInput(StringRef path) {
  if (path.empty())
    return llvm::createStringError("expected the name of a file, found none");
  fs::file_status status;
  if (std::error_code error = fs::status(path, status))
    return makeError(path, error.message());
  if (status.type() == fs::file_type::directory_file)
    return makeError(path, "is a directory");
  if (status.type() == fs::file_type::character_file ||
      status.type() == fs::file_type::block_file)
    return makeError(path, "is a device");
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return makeError(path, buffer.getError().message());
  return std::move(*buffer);
}

Expected<std::unique_ptr<llvm::MemoryBuffer>>
rarefy::readInputOrStdin(StringRef path) {
  if (path != "-")
    return readInput(path);
  auto buffer = llvm::MemoryBuffer::getSTDIN();
  if (!buffer)
    return makeError("standard input", buffer.getError().message());
  return std::move(*buffer);
}

Error rarefy::finishOutput(llvm::raw_fd_ostream &os, const llvm::Twine &name) {
  os.flush();
  if (!os.has_error())
    return Error::success();
  std::string message = os.error().message();
  os.clear_error();
  return llvm::createStringError(name + ": " + message);
}

bool rarefy::isSameFile(StringRef a, StringRef b) {
  if (a == "-" || b == "-")
    return a == b;
  if (fs::equivalent(a, b))
    return fs::is_regular_file(a); // A device keeps nothing to overwrite.
  llvm::SmallString<128> paths[] = {a, b};
  for (llvm::SmallString<128> &path : paths) {
    if (fs::make_absolute(path))
      return false;
    llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  }
  return paths[0] == paths[1];
}

Expected<rarefy::OutputFile> rarefy::OutputFile::open(StringRef path) {
  if (path == "-")
    return OutputFile(path);
  // What a link leads to is replaced, not the link.
  llvm::SmallString<128> target;
  bool exists = !fs::real_path(path, target);
  OutputFile file(exists ? StringRef(target) : path);
  if (fs::is_directory(path))
    return makeError(path, "is a directory");
  if (exists && !fs::can_write(path))
    return makeError(
        path, std::make_error_code(std::errc::permission_denied).message());
  if (exists && !fs::is_regular_file(path)) {
    std::error_code error;
    file.stream = std::make_unique<llvm::raw_fd_ostream>(path, error);
    if (error)
      return makeError(path, error.message());
    return file;
  }
  Expected<fs::TempFile> beside =
      fs::TempFile::create(file.path + ".%%%%%%", 0666);
  if (!beside)
    return makeError(path, toString(beside.takeError()));
  file.beside.emplace(std::move(*beside));
  file.stream = std::make_unique<llvm::raw_fd_ostream>(file.beside->FD,
                                                       /*shouldClose=*/false);
  return file;
}

rarefy::OutputFile::~OutputFile() {
  if (!stream) // Standard output, or it has moved.
    return;
  llvm::consumeError(finish());
  if (beside)
    llvm::consumeError(beside->discard());
}

Error rarefy::OutputFile::finish() {
  return finishOutput(os(), stream ? path : "standard output");
}

Error rarefy::OutputFile::keep() {
  if (!beside)
    return Error::success();
  Error error = beside->keep(path);
  beside.reset();
  return error ? makeError(path, toString(std::move(error))) : Error::success();
}
