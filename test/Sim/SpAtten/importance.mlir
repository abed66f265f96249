// Importance accumulates, is scaled, selects tokens and heads, and goes to and
// from memory. Two heads have one key that is a whole probability each.
// RUN: rarefy-sim %s --config=%src/configs/spatten.yaml --print=6 --stats=json=%t.json | FileCheck %s

// Head 0 looks at tokens 0 to 3, of which 1 has a key; head 3 at tokens 2 to 5,
// of which 4 has one. Each gives 2047 to what was 10, 20, 30, 40, 50, 60.
// CHECK: tokens: 6xui32 [10, 2067, 30, 40, 2097, 60]
// Half of it, to even: 1033.5 is 1034, 1048.5 is 1048.
// CHECK: halves: 6xui32 [5, 1034, 15, 20, 1048, 30]
// Tokens 1, 4, 5 are the most important ones; token 0 is protected.
// CHECK: kept: 4xui16 [0, 1, 4, 5]
// Outputs are 2047 / 2048 of a value 3: 3, 64 times, on top of 7 and 9.
// CHECK: importance: 4xui64 [199, 7, 7, 201]
// Once forgotten, only heads 0 and 3, which are left, count.
// CHECK: left: 4xui64 [192, 0, 0, 192]
isa.program @importance for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  isa.tensor @query in at 0 : tensor<64xi16> = dense<64> : tensor<64xi16>
  // Bytes of the keys: those of token 1 and of token 4 are 64.
  isa.tensor @key in at 4096 : tensor<6x8xi64> = dense<[[0, 0, 0, 0, 0, 0, 0, 0],
    [0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040],
    [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0],
    [0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040, 0x4040404040404040],
    [0, 0, 0, 0, 0, 0, 0, 0]]> : tensor<6x8xi64>
  isa.tensor @value in at 8192 : tensor<4x64xi8> = dense<3> : tensor<4x64xi8>
  isa.tensor @scale in at 12288 : tensor<4xf32> = dense<1.0> : tensor<4xf32>
  isa.tensor @before in at 12544 : tensor<6xui32> = dense<[10, 20, 30, 40, 50, 60]> : tensor<6xui32>
  isa.tensor @heads in at 12800 : tensor<4xui64> = dense<[7, 7, 7, 9]> : tensor<4xui64>
  isa.tensor @list in at 13056 : tensor<4xui16> = dense<[2, 3, 4, 5]> : tensor<4xui16>
  isa.tensor @tokens out at 16384 : tensor<6xui32>
  isa.tensor @halves out at 16640 : tensor<6xui32>
  isa.tensor @kept out at 16896 : tensor<4xui16>
  isa.tensor @importance out at 17152 : tensor<4xui64>
  isa.tensor @left out at 17408 : tensor<4xui64>
  spatten.bind_key lines = 2
  spatten.bind_value lines = 2
  spatten.set_base base = 1, address = 4096
  spatten.set_base base = 2, address = 8192
  spatten.set_base base = 3, address = 16384
  spatten.load_query
  spatten.load_scales base = 2, offset = 4096, heads = 4
  spatten.load_tokens base = 2, offset = 4352, tokens = 6
  spatten.load_heads base = 2, offset = 4608, heads = 4
  spatten.load_value base = 2, values = 4, bits = 8
  spatten.load_key base = 1, keys = 4, bits = 8, signal = [1]
  spatten.keep_all_heads heads = 4
  spatten.keep_all_tokens tokens = 4, signal = [2]
  spatten.sync wait = [1, 2]
  spatten.loop count = 2
  spatten.score keys = 4, signal = [1]
  spatten.sync wait = [1]
  spatten.softmax keys = 4, signal = [1]
  spatten.sync wait = [1]
  spatten.add_tokens keys = 4, signal = [2]
  spatten.weight values = 4, signal = [1]
  spatten.sync wait = [1, 2]
  spatten.add_head
  spatten.load_list base = 2, offset = 4864, tokens = 4
  spatten.load_key base = 1, keys = 4, bits = 8, gather, signal = [1]
  spatten.set_head head = 3
  spatten.sync wait = [1]
  spatten.end_loop
  spatten.store_tokens base = 3, tokens = 6
  spatten.store_heads base = 3, offset = 768, heads = 4, signal = [1]
  spatten.sync wait = [1]
  spatten.scale_tokens tokens = 6, factor = 0.5
  spatten.protect token = 0, signal = [1]
  spatten.sync wait = [1]
  spatten.store_tokens base = 3, offset = 256, tokens = 6
  spatten.topk_tokens candidates = 6, keep = 4, all
  spatten.topk_heads candidates = 4, keep = 2
  spatten.keep_tokens
  spatten.keep_heads signal = [1]
  spatten.sync wait = [1]
  spatten.store_list base = 3, offset = 512, tokens = 4
  spatten.clear_heads heads = 4
  spatten.loop_heads
  spatten.add_head signal = [1]
  spatten.sync wait = [1]
  spatten.end_loop
  spatten.store_heads base = 3, offset = 1024, heads = 4
  spatten.halt
}
