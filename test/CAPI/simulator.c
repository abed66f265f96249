/* Calls every function of rarefy-c/Simulator.h, from C. Exits with the number
 * of the line whose expectation does not hold. */
#include "rarefy-c/Simulator.h"
#include "expect.h"

/* Each run returns what the run before was given. */
static const char source[] =
    "isa.program @delay for \"spatten\" {key_lines = 256 : i64,\n"
    "    value_lines = 256 : i64, rows_per_line = 8 : i64,\n"
    "    max_keys = 1024 : i64} {\n"
    "  isa.tensor @x in at 0 : tensor<2x8xi6>\n"
    "  isa.tensor @last state at 32 : tensor<2x8xi6>\n"
    "  isa.tensor @y out at 64 : tensor<2x8xi6>\n"
    "  isa.tensor @z in at 96 : tensor<1xi8> = dense<1> : tensor<1xi8>\n"
    "  spatten.load_tokens offset = 32, tokens = 3, signal = [1]\n"
    "  spatten.store_tokens offset = 64, tokens = 3, wait = [1], signal = [2]\n"
    "  spatten.load_tokens tokens = 3, wait = [2], signal = [3]\n"
    "  spatten.store_tokens offset = 32, tokens = 3, wait = [3]\n"
    "  spatten.halt\n"
    "}\n";

/* The error of the last call, in `buffer`, which is empty after this. */
static void expectError(char *buffer, const char *message) {
  if (!strstr(buffer, message))
    fprintf(stderr, "found %s\n", buffer);
  EXPECT(strstr(buffer, message));
  buffer[0] = 0;
}

typedef struct Bytes {
  char data[bufferSize];
  size_t size;
} Bytes;

static void keep(RarefyString string, void *bytes) {
  EXPECT(string.size < bufferSize);
  memcpy(((Bytes *)bytes)->data, string.data, string.size);
  ((Bytes *)bytes)->size = string.size;
}

/* The module as a program file, and back. */
static RarefyModule reload(RarefyContext context, RarefyModule module) {
  Bytes file = {"", 0};
  EXPECT(rarefyModuleExportProgram(module, keep, &file));
  EXPECT(file.size > 4 && memcmp(file.data, "\177ELF", 4) == 0);
  RarefyString bytes = {file.data, file.size};
  RarefyModule again = rarefyModuleParse(context, bytes, text("delay.elf"));
  EXPECT(again);
  char printed[bufferSize] = "";
  rarefyModulePrint(again, -1, append, printed);
  EXPECT(strstr(printed, "spatten.load_tokens signal = [1], "));
  bytes.size -= 1;
  EXPECT(!rarefyModuleParse(context, bytes, text("short.elf")));
  return again;
}

static void testCreation(RarefyContext context, RarefyModule module,
                         RarefyString config, char *buffer) {
  RarefyString change = text("topk.colour=1");
  EXPECT(!rarefySimulatorCreate(module, config, &change, 1));
  expectError(buffer, "topk.colour");
  EXPECT(!rarefySimulatorCreate(module, text("no/such.yaml"), NULL, 0));
  expectError(buffer, "no/such.yaml");
  RarefyModule empty = rarefyModuleParse(context, text("module {}"), text("e"));
  EXPECT(!rarefySimulatorCreate(empty, config, NULL, 0));
  expectError(buffer, "expected one 'isa.program', found 0");
  rarefyModuleDestroy(empty);
}

static void testTensors(RarefySimulator simulator) {
  EXPECT(rarefySimulatorGetNumTensors(simulator) == 4);
  RarefyDeviceTensor x = rarefySimulatorGetTensor(simulator, 0);
  EXPECT(equals(x.info.name, "x") && x.info.type == RarefyI8);
  EXPECT(x.info.rank == 2 && x.info.shape[0] == 2 && x.info.shape[1] == 8);
  EXPECT(x.direction == RarefyIn && x.bits == 6 && !x.hasValue);
  EXPECT(rarefySimulatorGetTensor(simulator, 1).direction == RarefyState);
  EXPECT(rarefySimulatorGetTensor(simulator, 2).direction == RarefyOut);
  EXPECT(rarefySimulatorGetTensor(simulator, 3).hasValue);
}

static const int64_t shape[] = {2, 8};

static void testRuns(RarefySimulator simulator, const char *trace,
                     char *buffer) {
  EXPECT(!rarefySimulatorRun(simulator, text(""), NULL, NULL));
  expectError(buffer, "tensor 'x' is an input and missing");
  int32_t given[16] = {-32, 31, 0, 1, 2, 3, 4, 5};
  RarefyArray input = {given, RarefyI32, 2, shape};
  EXPECT(rarefySimulatorWrite(simulator, text("x"), &input));
  EXPECT(rarefySimulatorRun(simulator, text(""), NULL, NULL));
  given[0] = 7;
  EXPECT(rarefySimulatorWrite(simulator, text("x"), &input));
  Bytes statistics = {"", 0};
  EXPECT(rarefySimulatorRun(simulator, text(trace), keep, &statistics));
  EXPECT(strstr(statistics.data, "\"instructions\": 5"));
  EXPECT(strstr(statistics.data, "\"topk_parallelism\": 2"));
  int8_t found[16];
  RarefyArray output = {found, RarefyI8, 2, shape};
  EXPECT(rarefySimulatorRead(simulator, text("y"), &output));
  EXPECT(found[0] == -32 && found[1] == 31 && found[7] == 5);
  EXPECT(rarefySimulatorRead(simulator, text("last"), &output));
  EXPECT(found[0] == 7);
  EXPECT(!rarefySimulatorRun(simulator, text("no/such.json"), NULL, NULL));
  expectError(buffer, "no/such.json");
}

/* Whatever is refused is not written. */
static void testRefusals(RarefySimulator simulator, char *buffer) {
  uint8_t large[16] = {1, 1, 1, 1, 1, 1, 1, 64};
  RarefyArray array = {large, RarefyU8, 2, shape};
  EXPECT(!rarefySimulatorWrite(simulator, text("x"), &array));
  expectError(buffer, "tensor 'x' expects numbers of 6 bits, found 64");
  EXPECT(!rarefySimulatorWrite(simulator, text("w"), &array));
  expectError(buffer, "the program has no tensor 'w'");
  EXPECT(!rarefySimulatorWrite(simulator, text("y"), &array));
  expectError(buffer, "tensor 'y' is an output, expected an input or a state");
  EXPECT(!rarefySimulatorRead(simulator, text("y"), &array));
  expectError(buffer, "tensor 'y' expects 2x8xi8, found 2x8xui8");
  array.rank = 1;
  EXPECT(!rarefySimulatorWrite(simulator, text("x"), &array));
  expectError(buffer, "tensor 'x' expects tensor<2x8xi6>, found 2xui8");
  float floats[16] = {0};
  RarefyArray wrong = {floats, RarefyF32, 2, shape};
  EXPECT(!rarefySimulatorWrite(simulator, text("x"), &wrong));
  expectError(buffer, "tensor 'x' expects tensor<2x8xi6>, found 2x8xf32");
  int8_t found[16];
  RarefyArray input = {found, RarefyI8, 2, shape};
  EXPECT(rarefySimulatorRead(simulator, text("x"), &input));
  EXPECT(found[0] == 7 && found[7] == 5);
}

static void testTrace(const char *path) {
  FILE *file = fopen(path, "r");
  EXPECT(file);
  char trace[bufferSize] = "";
  EXPECT(fread(trace, 1, bufferSize - 1, file) > 0);
  EXPECT(strstr(trace, "\"name\": \"store_tokens\""));
  EXPECT(fclose(file) == 0 && remove(path) == 0);
}

int main(void) {
  static char buffer[bufferSize];
  RarefyString config = text(RAREFY_CONFIGS "/spatten.yaml");
  RarefyContext context = rarefyContextCreate();
  RarefyModule module = rarefyModuleParse(context, text(source), text("s"));
  EXPECT(module);
  RarefyModule again = reload(context, module);
  rarefyModuleDestroy(module);
  rarefyContextSetDiagnosticCallback(context, onDiagnostic, buffer);
  testCreation(context, again, config, buffer);
  RarefyString change = text("topk.parallelism=2");
  RarefySimulator simulator = rarefySimulatorCreate(again, config, &change, 1);
  EXPECT(simulator);
  /* The simulator keeps what it needs. */
  rarefyModuleDestroy(again);
  rarefyContextDestroy(context);
  testTensors(simulator);
  testRuns(simulator, "simulator-trace.json", buffer);
  testRefusals(simulator, buffer);
  testTrace("simulator-trace.json");
  rarefySimulatorDestroy(simulator);
  return 0;
}
