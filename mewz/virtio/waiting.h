#pragma once
#include "mewz/virtio/queue.h"
#include "mewz/virtio/transport.h"

/// For devices that are asked one thing at a time, and waited for.
namespace pipit::mewz {

/// Gives `queue`, the device's first, memory, and starts the device. Errors: unsupported (too short),
/// out_of_memory.
Status start_queue(Transport& transport, SplitQueue& queue, u16 size);

/// Hands `chain` over and waits for it; `bytes` is what the device wrote. timeout after 8 seconds, malformed
/// when it answers what it was not asked: the queue, and the chain's memory, are not to be used any more.
Status submit_and_wait(Transport& transport, SplitQueue& queue, std::span<const QueueBuffer> chain,
                       u32& bytes);

}  // namespace pipit::mewz
