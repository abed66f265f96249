// RUN: rarefy-opt --rarefy-cpu-vectorize=cpu=z80 --verify-diagnostics --split-input-file %s

// expected-error-re @below {{expected 'native' or a processor that LLVM knows for {{.*}}, found 'z80'}}
module {
}
