// Everything in base/ so far is headers; each must compile alone.
#include "base/arena.h"
#include "base/check.h"
#include "base/endian.h"
#include "base/result.h"
#include "base/types.h"
