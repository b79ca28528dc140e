// The C library's allocator, made to fit a daemon.
#pragma once

namespace drift {

// Call once, before the first thread.
void SetUpAllocator();

// Gives memory that nothing uses back to the kernel. Takes milliseconds after a large piece of
// work, during which other threads may wait for memory.
void ReturnFreeMemory();

}  // namespace drift
