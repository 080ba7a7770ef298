#pragma once

/// The Internet checksum (RFC 1071) of `bytes` bytes, at most 64 KB, not yet inverted, in memory's byte
/// order: what lwIP calls for every header and, where the card computes none, every segment.
extern "C" unsigned short mewz_lwip_checksum(const void* data, int bytes);
