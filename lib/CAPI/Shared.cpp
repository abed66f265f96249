// librarefy-c.so consists of libRarefyCAPI.a and what that needs.
