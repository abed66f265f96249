// Contexts: what is registered in them, and the way of diagnostics and remarks
// to the callbacks.

#include "Handles.h"
#include "rarefy/InitAll.h"
#include "rarefy/Runner/Remarks.h"

#include "llvm/Support/ThreadPool.h"

using namespace rarefy;

/// Dialects and passes are registered once; every context starts from a copy.
static const DialectRegistry &getRegistry() {
  static const DialectRegistry registry = [] {
    DialectRegistry all;
    registerAll(all);
    return all;
  }();
  return registry;
}

/// One set of threads for all contexts.
static llvm::ThreadPoolInterface &getThreadPool() {
  static llvm::DefaultThreadPool pool;
  return pool;
}

static RarefySeverity convert(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return RarefySeverityNote;
  case DiagnosticSeverity::Warning:
    return RarefySeverityWarning;
  case DiagnosticSeverity::Error:
    return RarefySeverityError;
  case DiagnosticSeverity::Remark:
    return RarefySeverityRemark;
  }
  llvm_unreachable("not a severity");
}

ContextState::ContextState()
    : context(getRegistry(), MLIRContext::Threading::DISABLED) {
  context.setThreadPool(getThreadPool());
  // What is wrong is said once, by the diagnostic.
  context.printOpOnDiagnostic(false);
  context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    report(convert(diagnostic.getSeverity()),
           formatLocation(diagnostic.getLocation()), diagnostic.str());
    for (Diagnostic &note : diagnostic.getNotes())
      report(RarefySeverityNote, formatLocation(note.getLocation()),
             note.str());
  });
}

void ContextState::report(RarefySeverity severity, StringRef location,
                          StringRef message) {
  if (diagnosticCallback)
    diagnosticCallback(severity, wrap(location), wrap(message),
                       diagnosticUserData);
}

void ContextState::report(llvm::Error error) {
  std::string message = llvm::toString(std::move(error));
  if (!message.empty())
    report(RarefySeverityError, "", message);
}

void ContextState::setRemarkCallback(RarefyRemarkCallback callback,
                                     void *userData) {
  bool first = !remarkCallback && callback;
  remarkCallback = callback;
  remarkUserData = userData;
  if (!first || context.getRemarkEngine())
    return;
  collectRemarks(context, [this](const RemarkText &text) {
    if (!remarkCallback)
      return;
    RarefyRemark remark = {wrap(text.kind),    wrap(text.pass),
                           wrap(text.name),    wrap(text.function),
                           wrap(text.message), wrap(text.location)};
    remarkCallback(&remark, remarkUserData);
  });
}

RarefyString rarefyGetVersion() { return wrap(RAREFY_VERSION); }

RarefyContext rarefyContextCreate() {
  return new RarefyOpaqueContext{std::make_shared<ContextState>()};
}

void rarefyContextDestroy(RarefyContext context) { delete context; }

void rarefyContextSetDiagnosticCallback(RarefyContext context,
                                        RarefyDiagnosticCallback callback,
                                        void *userData) {
  context->state->diagnosticCallback = callback;
  context->state->diagnosticUserData = userData;
}

void rarefyContextSetRemarkCallback(RarefyContext context,
                                    RarefyRemarkCallback callback,
                                    void *userData) {
  context->state->setRemarkCallback(callback, userData);
}
