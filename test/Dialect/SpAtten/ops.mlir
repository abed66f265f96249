// RUN: rarefy-opt %s | FileCheck %s
// RUN: rarefy-opt %s | rarefy-opt | FileCheck %s

// CHECK: spatten.halt{{$}}
spatten.halt
// CHECK-NEXT: spatten.set_base base = 1, address = 4096{{$}}
spatten.set_base base = 1, address = 4096
// CHECK-NEXT: spatten.add_base base = 1, stride = 96{{$}}
spatten.add_base base = 1, stride = 96
// CHECK-NEXT: spatten.head_base base = 2, from = 1, stride = 65536{{$}}
spatten.head_base base = 2, from = 1, stride = 65536
// CHECK-NEXT: spatten.set_head head = 3{{$}}
spatten.set_head head = 3
// CHECK-NEXT: spatten.bind_key lines = 128{{$}}
spatten.bind_key buffer = 0, line = 0, lines = 128
// CHECK-NEXT: spatten.bind_value lines = 128{{$}}
spatten.bind_value buffer = 0, line = 0, lines = 128
// CHECK-NEXT: spatten.loop count = 12{{$}}
spatten.loop count = 12
// CHECK-NEXT: spatten.loop_heads{{$}}
spatten.loop_heads
// CHECK-NEXT: spatten.end_loop{{$}}
spatten.end_loop
// CHECK-NEXT: spatten.credit signal = [2], count = 2{{$}}
spatten.credit signal = [2], count = 2
// CHECK-NEXT: spatten.sync wait = [4, 5]{{$}}
spatten.sync wait = [4, 5]
// CHECK-NEXT: spatten.load_query wait = [1], signal = [2], slot = 1, base = 1, offset = 128{{$}}
spatten.load_query slot = 1, base = 1, offset = 128, wait = [1], signal = [2]
// CHECK-NEXT: spatten.load_key signal = [3], base = 2, keys = 921, bits = 6, shift = 4, fused, gather{{$}}
spatten.load_key base = 2, keys = 921, bits = 6, shift = 4, fused, gather, signal = [3]
// CHECK-NEXT: spatten.load_key_lsb signal = [4], base = 3, keys = 921, bits = 4, gather{{$}}
spatten.load_key_lsb base = 3, keys = 921, bits = 4, gather, signal = [4]
// CHECK-NEXT: spatten.load_value signal = [7], base = 4, values = 184, bits = 6, shift = 6, fused, gather, selected{{$}}
spatten.load_value base = 4, values = 184, bits = 6, shift = 6, fused, gather, selected, signal = [7]
// CHECK-NEXT: spatten.load_scales base = 5, heads = 12{{$}}
spatten.load_scales base = 5, heads = 12
// CHECK-NEXT: spatten.load_tokens base = 6, tokens = 1024{{$}}
spatten.load_tokens base = 6, tokens = 1024
// CHECK-NEXT: spatten.load_heads base = 6, heads = 12{{$}}
spatten.load_heads base = 6, heads = 12
// CHECK-NEXT: spatten.load_list base = 6, tokens = 204{{$}}
spatten.load_list base = 6, tokens = 204
// CHECK-NEXT: spatten.load_vector base = 6, elements = 1024{{$}}
spatten.load_vector base = 6, elements = 1024
// CHECK-NEXT: spatten.copy base = 1, from = 7, rows = 6, transactions = 3, stride = 98304, from_stride = 96{{$}}
spatten.copy base = 1, from = 7, rows = 6, transactions = 3, stride = 98304, from_stride = 96
// CHECK-NEXT: spatten.score wait = [2, 3], signal = [5], keys = 921{{$}}
spatten.score slot = 0, buffer = 0, keys = 921, wait = [2, 3], signal = [5]
// CHECK-NEXT: spatten.softmax wait = [5], signal = [6], keys = 921{{$}}
spatten.softmax slot = 0, keys = 921, wait = [5], signal = [6]
// CHECK-NEXT: spatten.check threshold = 102{{$}}
spatten.check slot = 0, threshold = 102
// CHECK-NEXT: spatten.topk_values keys = 921, keep = 184, fused{{$}}
spatten.topk_values slot = 0, keys = 921, keep = 184, fused
// CHECK-NEXT: spatten.weight values = 184, selected, compact{{$}}
spatten.weight slot = 0, buffer = 0, values = 184, selected, compact
// CHECK-NEXT: spatten.add_tokens keys = 921{{$}}
spatten.add_tokens slot = 0, keys = 921
// CHECK-NEXT: spatten.add_head{{$}}
spatten.add_head slot = 0
// CHECK-NEXT: spatten.clear_tokens tokens = 1024{{$}}
spatten.clear_tokens tokens = 1024
// CHECK-NEXT: spatten.clear_heads heads = 12{{$}}
spatten.clear_heads heads = 12
// CHECK-NEXT: spatten.scale_tokens tokens = 1024, factor = 5.000000e-01{{$}}
spatten.scale_tokens tokens = 1024, factor = 0.5
// CHECK-NEXT: spatten.protect{{$}}
spatten.protect token = 0
// CHECK-NEXT: spatten.topk_tokens candidates = 921, keep = 716{{$}}
spatten.topk_tokens candidates = 921, keep = 716
// CHECK-NEXT: spatten.topk_heads candidates = 12, keep = 10{{$}}
spatten.topk_heads candidates = 12, keep = 10
// CHECK-NEXT: spatten.keep_tokens{{$}}
spatten.keep_tokens
// CHECK-NEXT: spatten.keep_heads{{$}}
spatten.keep_heads
// CHECK-NEXT: spatten.keep_all_tokens tokens = 993{{$}}
spatten.keep_all_tokens tokens = 993
// CHECK-NEXT: spatten.keep_all_heads heads = 12{{$}}
spatten.keep_all_heads heads = 12
// CHECK-NEXT: spatten.store_output base = 8, offset = 128{{$}}
spatten.store_output slot = 0, base = 8, offset = 128
// CHECK-NEXT: spatten.store_tokens base = 9, tokens = 1024{{$}}
spatten.store_tokens base = 9, tokens = 1024
// CHECK-NEXT: spatten.store_heads base = 9, heads = 12{{$}}
spatten.store_heads base = 9, heads = 12
// CHECK-NEXT: spatten.store_list base = 9, tokens = 204{{$}}
spatten.store_list base = 9, tokens = 204
// CHECK-NEXT: spatten.store_vector base = 9, elements = 1024{{$}}
spatten.store_vector base = 9, elements = 1024
// CHECK-NEXT: spatten.multiply base = 10, bits = 8, rows = 1024, columns = 1024{{$}}
spatten.multiply base = 10, bits = 8, rows = 1024, columns = 1024
// CHECK-NEXT: spatten.fence engines = [accumulate, topk]{{$}}
spatten.fence engines = [topk, accumulate]
// CHECK-NEXT: spatten.fence{{$}}
spatten.fence engines = []
