#pragma once

/// Names the calling thread, as debuggers and top(1) show it. At most 15 bytes are kept.
void stt_set_thread_name(const char *name);

/// Keeps the allocator from giving memory back to the system whenever more than 128 KiB lie free at the end of a heap: a
/// reader's messages come and go by more than that many times a second.
void stt_keep_freed_memory(void);
