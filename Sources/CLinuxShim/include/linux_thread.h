#pragma once

/// Names the calling thread, as debuggers and top(1) show it. At most 15 bytes are kept.
void stt_set_thread_name(const char *name);
