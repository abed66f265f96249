// Measures what this processor can do at most, in a few seconds: arithmetic by
// element type and read bandwidth by memory level. Prints JSON. The one
// argument is the length of a run in milliseconds.

#include "Kernels.h"
#include "Version.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

using namespace rarefy;

/// How long a run must take at least, for its time to be trusted.
static double runSeconds = 0.05;

static double secondsOf(llvm::function_ref<void()> work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

/// The smallest, the middle and the largest rate, in 1e9 a second, of a few
/// runs of `work(amount)` on `threads` threads; the amount is grown until a run
/// is long enough to time.
static llvm::json::Array sample(unsigned threads, double unitsPerAmount,
                                llvm::function_ref<void(int64_t)> work) {
  auto onAllThreads = [&](int64_t amount) {
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i)
      others.emplace_back([=] { work(amount); });
    work(amount);
    for (std::thread &other : others)
      other.join();
  };
  int64_t amount = 1;
  while (secondsOf([&] { onAllThreads(amount); }) < runSeconds)
    amount *= 2;
  std::vector<double> rates(7);
  for (double &rate : rates)
    rate = amount * unitsPerAmount * threads * 1e-9 /
           secondsOf([&] { onAllThreads(amount); });
  llvm::sort(rates);
  return llvm::json::Array{rates.front(), rates[rates.size() / 2],
                           rates.back()};
}

static llvm::json::Object record(llvm::StringRef name, llvm::StringRef how,
                                 llvm::StringRef unit, unsigned threads,
                                 llvm::json::Array samples) {
  double best = *samples.back().getAsNumber();
  return llvm::json::Object{
      {"name", name.str()}, {"how", how.str()},
      {"unit", unit.str()}, {"threads", threads},
      {"value", best},      {"samples", std::move(samples)}};
}

/// One record per kind of arithmetic and number of threads; none where the
/// processor has no instruction for it.
static void measureArithmetic(const llvm::StringMap<bool> &features,
                              unsigned cores, llvm::json::Array &records) {
  llvm::StringRef done;
  for (const doctor::Kernel &kernel :
       llvm::make_range(doctor::begin(), doctor::end())) {
    if (done == kernel.name || !features.lookup(kernel.feature))
      continue;
    done = kernel.name;
    llvm::StringRef unit = done.contains("int") ? "Gop/s" : "GFLOP/s";
    for (unsigned threads : {1u, cores}) {
      constexpr int64_t steps = 12000;
      records.push_back(
          record(kernel.name, kernel.instruction, unit, threads,
                 sample(threads, kernel.opsPerStep * steps,
                        [&](int64_t n) { kernel.run(n * steps); })));
      if (cores == 1)
        break;
    }
  }
}

/// The text of a file of /sys, empty when it is not there.
static std::string readSys(const llvm::Twine &path) {
  auto file = llvm::MemoryBuffer::getFileAsStream(path);
  return file ? (*file)->getBuffer().trim().str() : std::string();
}

namespace {
struct Level {
  std::string name;
  size_t bytes;
};
} // namespace

/// The caches of the first processor that hold data, and memory after them.
static std::vector<Level> memoryLevels() {
  std::vector<Level> levels;
  for (int index = 0;; ++index) {
    std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" +
                         std::to_string(index) + "/";
    std::string size = readSys(folder + "size");
    size_t kibibytes = 0;
    if (llvm::StringRef(size).consumeInteger(10, kibibytes) || !kibibytes)
      break;
    if (readSys(folder + "type") != "Instruction")
      levels.push_back({"L" + readSys(folder + "level"), kibibytes * 1024});
  }
  size_t last = levels.empty() ? 0 : levels.back().bytes;
  levels.push_back({"memory", std::max<size_t>(8 * last, 256 << 20)});
  return levels;
}

/// Read bandwidth of one thread from data that fills half of each level, and
/// of all threads from memory.
static void measureBandwidth(bool wide, unsigned cores,
                             llvm::json::Array &records) {
  for (const Level &level : memoryLevels()) {
    size_t bytes = std::min<size_t>(level.bytes / 2, 256 << 20) & ~size_t(511);
    std::unique_ptr<char, decltype(&std::free)> data(
        static_cast<char *>(std::aligned_alloc(512, bytes * cores)), std::free);
    std::fill_n(data.get(), bytes * cores, 1);
    std::string how = std::to_string(bytes / 1024) + " KiB a thread";
    for (unsigned threads : {1u, cores}) {
      std::atomic<unsigned> next = 0;
      auto read = [&](int64_t repeats) {
        const char *own = data.get() + (next++ % threads) * bytes;
        doctor::readMemory(own, bytes, repeats, wide);
      };
      records.push_back(record("read-" + level.name, how, "GB/s", threads,
                               sample(threads, bytes, read)));
      if (cores == 1 || level.name != "memory")
        break;
    }
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && llvm::StringRef(argv[1]) == "--version") {
    printVersion(llvm::outs());
    return 0;
  }
  double milliseconds = 0;
  if (argc > 2 ||
      (argc == 2 && (llvm::StringRef(argv[1]).getAsDouble(milliseconds) ||
                     milliseconds <= 0))) {
    llvm::errs() << "usage: rarefy-doctor [milliseconds of a run, above 0]\n";
    return 1;
  }
  if (argc == 2)
    runSeconds = milliseconds * 1e-3;
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  llvm::json::Array records, present;
  measureArithmetic(features, cores, records);
  measureBandwidth(features.lookup("avx2"), cores, records);
  for (llvm::StringRef name :
       {"avx2", "fma", "f16c", "avxvnni", "avx512f", "avx512vl", "avx512bw",
        "avx512vnni", "avx512bf16", "avx512fp16", "avx512vbmi", "avx512vbmi2",
        "avxvnniint8", "amx-tile", "amx-bf16", "amx-int8"})
    if (features.lookup(name))
      present.push_back(name);
  llvm::outs() << llvm::formatv("{0:2}\n",
                                llvm::json::Value(llvm::json::Object{
                                    {"cpu", llvm::sys::getHostCPUName().str()},
                                    {"cores", cores},
                                    {"features", std::move(present)},
                                    {"records", std::move(records)}}));
  return 0;
}
