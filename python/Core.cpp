// rarefy._core: the C API as three Python classes. What is pleasant to use is
// written in Python, beside it.

#include "rarefy-c/Simulator.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace nb = nanobind;
using namespace nb::literals;

/// Text that is the name of a file or may hold one. In Python it is a string as
/// os.fsdecode makes it, where bytes that are no characters have a place, too.
struct Text {
  std::string bytes;
};

template <> struct nb::detail::type_caster<Text> {
  NB_TYPE_CASTER(Text, const_name("str"))

  bool from_python(handle source, uint8_t, cleanup_list *) noexcept {
    if (!PyUnicode_Check(source.ptr()))
      return false;
    object bytes = steal(PyUnicode_EncodeFSDefault(source.ptr()));
    if (!bytes) {
      PyErr_Clear();
      return false;
    }
    value.bytes.assign(PyBytes_AsString(bytes.ptr()),
                       PyBytes_Size(bytes.ptr()));
    return true;
  }

  static handle from_cpp(const Text &text, rv_policy, cleanup_list *) noexcept {
    return PyUnicode_DecodeFSDefaultAndSize(text.bytes.data(),
                                            text.bytes.size());
  }
};

namespace {

std::string_view unwrap(RarefyString text) { return {text.data, text.size}; }
RarefyString wrap(std::string_view text) { return {text.data(), text.size()}; }
RarefyString wrap(const Text &text) { return wrap(text.bytes); }

/// A callback that sets a std::string.
void assign(RarefyString text, void *target) {
  *static_cast<std::string *>(target) = unwrap(text);
}

/// Deletes a handle of the C API.
template <auto destroy> struct Destroy {
  template <typename Handle> void operator()(Handle *handle) const {
    destroy(handle);
  }
};
template <typename Handle, auto destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy<destroy>>;

/// Kind, pass, name, function, message, location.
using Remark = std::tuple<Text, Text, Text, Text, Text, Text>;

/// A context and what was reported in it. The callbacks run without the
/// interpreter's lock, so they keep to C++.
struct Session {
  Owned<RarefyContext, rarefyContextDestroy> context{rarefyContextCreate()};
  std::mutex mutex;
  std::vector<Text> diagnostics;
  std::vector<Remark> remarks;

  Session() {
    rarefyContextSetDiagnosticCallback(context.get(), addDiagnostic, this);
    rarefyContextSetRemarkCallback(context.get(), addRemark, this);
  }

  static void addDiagnostic(RarefySeverity severity, RarefyString location,
                            RarefyString message, void *session) {
    static const char *const names[] = {"note", "warning", "error", "remark"};
    std::string text(unwrap(location));
    if (!text.empty())
      text += ": ";
    text += names[severity];
    text += ": ";
    text += unwrap(message);
    static_cast<Session *>(session)->diagnostics.push_back({std::move(text)});
  }

  static void addRemark(const RarefyRemark *remark, void *session) {
    auto get = [](RarefyString text) {
      return Text{std::string(unwrap(text))};
    };
    static_cast<Session *>(session)->remarks.emplace_back(
        get(remark->kind), get(remark->pass), get(remark->name),
        get(remark->function), get(remark->message), get(remark->location));
  }
};

/// Raises rarefy.RarefyError.
[[noreturn]] void raise(const std::vector<Text> &diagnostics) {
  nb::object type = nb::module_::import_("rarefy.errors").attr("RarefyError");
  nb::object error = type(nb::cast(diagnostics));
  PyErr_SetObject(type.ptr(), error.ptr());
  throw nb::python_error();
}

/// Runs `work` without the interpreter's lock and alone in `session`; raises
/// what was reported where its result is false.
template <typename Work> auto runIn(Session &session, Work work) {
  decltype(work()) result{};
  std::vector<Text> reported;
  {
    nb::gil_scoped_release release;
    std::lock_guard<std::mutex> lock(session.mutex);
    session.diagnostics.clear();
    result = work();
    if (!result)
      reported.swap(session.diagnostics);
  }
  if (!result)
    raise(reported);
  return result;
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

struct TypeRow {
  const char *name;
  nb::dlpack::dtype_code code;
  uint8_t bits;
};

using Code = nb::dlpack::dtype_code;
constexpr TypeRow types[] = {
    {"i1", Code::Bool, 8},      {"i8", Code::Int, 8},
    {"i16", Code::Int, 16},     {"i32", Code::Int, 32},
    {"i64", Code::Int, 64},     {"ui8", Code::UInt, 8},
    {"ui16", Code::UInt, 16},   {"ui32", Code::UInt, 32},
    {"ui64", Code::UInt, 64},   {"f16", Code::Float, 16},
    {"bf16", Code::Bfloat, 16}, {"f32", Code::Float, 32},
    {"f64", Code::Float, 64}};

/// The element type of an array for an argument of type `expected`. numpy has
/// no bf16: its bits come as uint16.
bool getType(nb::dlpack::dtype dtype, RarefyElementType expected,
             RarefyElementType &type) {
  if (expected == RarefyBF16 && dtype == nb::dtype<uint16_t>()) {
    type = RarefyBF16;
    return true;
  }
  for (size_t i = 0; i < std::size(types); ++i)
    if (dtype.code == static_cast<uint8_t>(types[i].code) &&
        dtype.bits == types[i].bits && dtype.lanes == 1) {
      type = static_cast<RarefyElementType>(i);
      return true;
    }
  return false;
}

using Input = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

/// Views `argument` as an array for a tensor of type `expected`; false if it is
/// none.
bool bind(nb::handle argument, RarefyElementType expected, Input &view,
          RarefyArray &array) {
  RarefyElementType type;
  if (!nb::try_cast(argument, view) || !getType(view.dtype(), expected, type))
    return false;
  array = {const_cast<void *>(view.data()), type, view.ndim(),
           view.shape_ptr()};
  return true;
}

/// A numpy array that owns `block`, where `array` is.
nb::object takeArray(const RarefyArray &array, void *block) {
  nb::capsule owner(block, [](void *block) noexcept { std::free(block); });
  const TypeRow &row = types[array.type];
  nb::dlpack::dtype dtype{static_cast<uint8_t>(row.code), row.bits, 1};
  if (array.type == RarefyBF16)
    dtype = nb::dtype<uint16_t>();
  std::vector<size_t> shape(array.shape, array.shape + array.rank);
  nb::ndarray<nb::numpy> result(array.data, array.rank, shape.data(), owner,
                                nullptr, dtype);
  return nb::cast(result, nb::rv_policy::reference);
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

using Info = std::tuple<std::string, std::string, std::vector<int64_t>>;

Info describe(const RarefyTensorInfo &info) {
  return {std::string(unwrap(info.name)), types[info.type].name,
          std::vector<int64_t>(info.shape, info.shape + info.rank)};
}

class Program {
public:
  explicit Program(RarefyProgram handle) : program(handle) {}

  std::vector<Info> inputs() const {
    std::vector<Info> infos;
    for (size_t i = 0; i < rarefyProgramGetNumInputs(program.get()); ++i)
      infos.push_back(describe(rarefyProgramGetInput(program.get(), i)));
    return infos;
  }

  std::vector<Info> results() const {
    std::vector<Info> infos;
    for (size_t i = 0; i < rarefyProgramGetNumResults(program.get()); ++i)
      infos.push_back(describe(rarefyProgramGetResult(program.get(), i)));
    return infos;
  }

  nb::dict stats() const {
    RarefyCompileStats stats = rarefyProgramGetStats(program.get());
    nb::dict dict;
    dict["passes_s"] = stats.passes;
    dict["lowering_s"] = stats.lowering;
    dict["optimize_s"] = stats.optimize;
    dict["codegen_s"] = stats.codegen;
    dict["link_s"] = stats.link;
    dict["code_bytes"] = stats.codeBytes;
    dict["constant_bytes"] = stats.constantBytes;
    dict["cpu"] = std::string(unwrap(stats.cpu));
    return dict;
  }

  /// As JSON; empty for a program without a device.
  std::string deviceStatistics() const {
    std::string text;
    // They wait for a launch that is running.
    nb::gil_scoped_release release;
    rarefyProgramGetDeviceStatistics(program.get(), assign, &text);
    return text;
  }

  nb::object call(nb::sequence arguments, unsigned threads) const;

private:
  Owned<RarefyProgram, rarefyProgramDestroy> program;
};

nb::object Program::call(nb::sequence arguments, unsigned threads) const {
  size_t count = nb::len(arguments);
  size_t numInputs = rarefyProgramGetNumInputs(program.get());
  std::vector<Input> views(count);
  std::vector<RarefyArray> arrays(count);
  for (size_t i = 0; i < count; ++i) {
    RarefyElementType expected =
        i < numInputs ? rarefyProgramGetInput(program.get(), i).type
                      : RarefyF32;
    if (!bind(arguments[i], expected, views[i], arrays[i]))
      throw nb::type_error("not an array");
  }
  std::string message;
  RarefyResults handle;
  {
    nb::gil_scoped_release release;
    handle = rarefyProgramCall(program.get(), arrays.data(), count, threads,
                               assign, &message);
  }
  if (!handle)
    raise({Text{message}});
  Owned<RarefyResults, rarefyResultsDestroy> results(handle);
  size_t numResults = rarefyProgramGetNumResults(program.get());
  auto take = [&](size_t i) {
    RarefyArray array = rarefyResultsGet(handle, i);
    return takeArray(array, rarefyResultsTake(handle, i));
  };
  if (numResults == 1)
    return take(0);
  nb::list list;
  for (size_t i = 0; i < numResults; ++i)
    list.append(take(i));
  return nb::tuple(list);
}

class Simulator {
public:
  Simulator(std::shared_ptr<Session> session, RarefySimulator handle)
      : session(std::move(session)), simulator(handle) {}

  /// A tensor, who writes it, the bits of its elements on the device, and
  /// whether the program gives it a value.
  using Tensor = std::tuple<Info, std::string, unsigned, bool>;
  std::vector<Tensor> tensors() const {
    static const char *const directions[] = {"in", "out", "state"};
    std::vector<Tensor> all;
    for (size_t i = 0; i < rarefySimulatorGetNumTensors(simulator.get()); ++i) {
      RarefyDeviceTensor tensor = rarefySimulatorGetTensor(simulator.get(), i);
      all.emplace_back(describe(tensor.info), directions[tensor.direction],
                       tensor.bits, tensor.hasValue);
    }
    return all;
  }

  void write(size_t index, nb::handle value) {
    RarefyTensorInfo info = get(index);
    Input view;
    RarefyArray array;
    if (!bind(value, info.type, view, array))
      throw nb::type_error("not an array");
    runIn(*session, [&] {
      return rarefySimulatorWrite(simulator.get(), info.name, &array);
    });
  }

  nb::object read(size_t index) const {
    RarefyTensorInfo info = get(index);
    size_t bytes = types[info.type].bits / 8;
    for (size_t i = 0; i < info.rank; ++i)
      bytes *= info.shape[i];
    std::unique_ptr<void, decltype(&std::free)> block(
        std::malloc(std::max<size_t>(bytes, 1)), std::free);
    if (!block)
      throw std::bad_alloc();
    RarefyArray array = {block.get(), info.type, info.rank, info.shape};
    runIn(*session, [&] {
      return rarefySimulatorRead(simulator.get(), info.name, &array);
    });
    return takeArray(array, block.release());
  }

  /// Returns what the run did as JSON; writes to the file `trace` if it has a
  /// name.
  std::string run(const Text &trace) {
    std::string statistics;
    runIn(*session, [&] {
      return rarefySimulatorRun(simulator.get(), wrap(trace), assign,
                                &statistics);
    });
    return statistics;
  }

private:
  RarefyTensorInfo get(size_t index) const {
    if (index >= rarefySimulatorGetNumTensors(simulator.get()))
      throw nb::index_error();
    return rarefySimulatorGetTensor(simulator.get(), index).info;
  }

  std::shared_ptr<Session> session;
  Owned<RarefySimulator, rarefySimulatorDestroy> simulator;
};

class Module {
public:
  static Module parse(nb::bytes bytes, const Text &name) {
    std::string_view source(bytes.c_str(), bytes.size());
    return create([&](RarefyContext context) {
      return rarefyModuleParse(context, wrap(source), wrap(name));
    });
  }

  static Module load(const Text &path) {
    return create([&](RarefyContext context) {
      return rarefyModuleLoad(context, wrap(path));
    });
  }

  static Module importONNX(nb::bytes bytes, const Text &path) {
    std::string_view source(bytes.c_str(), bytes.size());
    return create([&](RarefyContext context) {
      return rarefyModuleImportONNX(context, wrap(source), wrap(path));
    });
  }

  std::string print(int64_t maxElements) const {
    std::string text;
    nb::gil_scoped_release release;
    std::lock_guard<std::mutex> lock(session->mutex);
    rarefyModulePrint(module.get(), maxElements, assign, &text);
    return text;
  }

  nb::bytes exportProgram() const {
    std::string bytes;
    runIn(*session, [&] {
      return rarefyModuleExportProgram(module.get(), assign, &bytes);
    });
    return nb::bytes(bytes.data(), bytes.size());
  }

  Simulator *simulate(const Text &config,
                      const std::vector<Text> &overrides) const {
    std::vector<RarefyString> changes;
    for (const Text &change : overrides)
      changes.push_back(wrap(change));
    return new Simulator(session, runIn(*session, [&] {
                           return rarefySimulatorCreate(
                               module.get(), wrap(config), changes.data(),
                               changes.size());
                         }));
  }

  void run(const Text &passes) {
    runIn(*session,
          [&] { return rarefyModuleRun(module.get(), wrap(passes)); });
  }

  /// What the passes have remarked since the module was made.
  std::vector<Remark> remarks() const {
    nb::gil_scoped_release release;
    std::lock_guard<std::mutex> lock(session->mutex);
    return session->remarks;
  }

  Program *compile(const Text &entry, const Text &passes, const Text &target,
                   const Text &cpu, int optLevel, bool reference,
                   const Text &config, const std::vector<Text> &overrides) {
    std::vector<RarefyString> texts(overrides.size());
    std::transform(overrides.begin(), overrides.end(), texts.begin(),
                   [](const Text &text) { return wrap(text); });
    RarefyCompileOptions options = {wrap(entry),  wrap(passes), wrap(target),
                                    wrap(cpu),    optLevel,     reference,
                                    wrap(config), texts.data(), texts.size()};
    return new Program(
        runIn(*session, [&] { return rarefyCompile(module.get(), &options); }));
  }

private:
  template <typename Make> static Module create(Make make) {
    Module module;
    module.session = std::make_shared<Session>();
    module.module.reset(runIn(
        *module.session, [&] { return make(module.session->context.get()); }));
    return module;
  }

  // The module goes before its context's callbacks do.
  std::shared_ptr<Session> session;
  Owned<RarefyModule, rarefyModuleDestroy> module;
};

} // namespace

NB_MODULE(_core, m) {
  m.attr("__version__") = std::string(unwrap(rarefyGetVersion()));
  nb::class_<Program>(m, "Program")
      .def("inputs", &Program::inputs)
      .def("results", &Program::results)
      .def("stats", &Program::stats)
      .def("device_statistics", &Program::deviceStatistics)
      .def("call", &Program::call, "arguments"_a, "threads"_a);
  nb::class_<Simulator>(m, "Simulator")
      .def("tensors", &Simulator::tensors)
      .def("write", &Simulator::write, "index"_a, "value"_a)
      .def("read", &Simulator::read, "index"_a)
      .def("run", &Simulator::run, "trace"_a);
  nb::class_<Module>(m, "Module")
      .def_static("parse", &Module::parse, "source"_a, "name"_a)
      .def_static("load", &Module::load, "path"_a)
      .def_static("import_onnx", &Module::importONNX, "source"_a, "path"_a)
      .def("print", &Module::print, "max_elements"_a)
      .def("export_program", &Module::exportProgram)
      .def("simulate", &Module::simulate, "config"_a, "overrides"_a)
      .def("run", &Module::run, "passes"_a)
      .def("remarks", &Module::remarks)
      .def("compile", &Module::compile, "entry"_a, "passes"_a, "target"_a,
           "cpu"_a, "opt_level"_a, "reference"_a, "config"_a, "overrides"_a);
}
