#pragma once
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/types.h"

namespace pipit {

/// What kind of failure an Error is; callers branch on it, people read Error::message.
enum class Code : u8 {
  malformed,         ///< bytes that do not follow their format
  unsupported,       ///< well-formed, but a feature this build does not have
  invalid_argument,  ///< a request that makes no sense
  out_of_range,      ///< an index, offset or size outside its bounds
  out_of_memory,     ///< an arena, slot or table is too small
  not_found,
  already_exists,
  denied,
  digest_mismatch,
  unavailable,  ///< a peer or device that does not answer now; may be tried again
  timeout,
  cancelled,
  io,
  internal,
};

constexpr const char* code_name(Code code) {
  constexpr const char* kNames[] = {"malformed",       "unsupported",   "invalid argument", "out of range",
                                    "out of memory",   "not found",     "already exists",   "denied",
                                    "digest mismatch", "unavailable",   "timeout",          "cancelled",
                                    "i/o error",       "internal error"};
  return kNames[static_cast<u8>(code)];
}

/// Bad input or a failed operation, without a heap: a fixed message and where it happened.
struct Error {
  static constexpr u32 kNowhere = ~u32{0};

  Code code;
  const char* message;   ///< static storage, lower case, no full stop: "section size exceeds module"
  u32 where = kNowhere;  ///< byte offset, node or index the message speaks of
};

/// A value or an error. `E` is Error in the core; hosted code uses support::Error, which has a text of its
/// own.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using Value = T;
  Result(T value) : ok_(true) { new (&value_) T(std::move(value)); }
  Result(E error) : ok_(false) { new (&error_) E(std::move(error)); }
  template <class F>
    requires(std::is_constructible_v<E, F> && !std::is_same_v<std::remove_cvref_t<F>, E> &&
             !std::is_same_v<std::remove_cvref_t<F>, T> && !std::is_constructible_v<T, F>)
  Result(F&& error) : Result(E(std::forward<F>(error))) {}
  Result(Result&& other) noexcept : ok_(other.ok_) {
    if (ok_)
      new (&value_) T(std::move(other.value_));
    else
      new (&error_) E(std::move(other.error_));
  }
  Result& operator=(Result&& other) noexcept {
    if (this != &other) {
      this->~Result();
      new (this) Result(std::move(other));
    }
    return *this;
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  ~Result() {
    if (ok_)
      value_.~T();
    else
      error_.~E();
  }

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  T& value() & {
    PIPIT_CHECK(ok_);
    return value_;
  }
  const T& value() const& {
    PIPIT_CHECK(ok_);
    return value_;
  }
  T&& value() && {
    PIPIT_CHECK(ok_);
    return std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T other) && { return ok_ ? std::move(value_) : std::move(other); }
  const E& error() const {
    PIPIT_CHECK(!ok_);
    return error_;
  }
  E take_error() {
    PIPIT_CHECK(!ok_);
    return std::move(error_);
  }

 private:
  union {
    T value_;
    E error_;
  };
  bool ok_;
};

/// Success, or an error.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  using Value = void;
  Result() : ok_(true), empty_{} {}
  Result(E error) : ok_(false) { new (&error_) E(std::move(error)); }
  template <class F>
    requires(std::is_constructible_v<E, F> && !std::is_same_v<std::remove_cvref_t<F>, E> &&
             !std::is_same_v<std::remove_cvref_t<F>, Result>)
  Result(F&& error) : Result(E(std::forward<F>(error))) {}
  Result(Result&& other) noexcept : ok_(other.ok_) {
    if (!ok_) new (&error_) E(std::move(other.error_));
  }
  Result& operator=(Result&& other) noexcept {
    if (this != &other) {
      this->~Result();
      new (this) Result(std::move(other));
    }
    return *this;
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  ~Result() {
    if (!ok_) error_.~E();
  }

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const E& error() const {
    PIPIT_CHECK(!ok_);
    return error_;
  }
  E take_error() {
    PIPIT_CHECK(!ok_);
    return std::move(error_);
  }

 private:
  bool ok_;
  union {
    char empty_;
    E error_;
  };
};

/// Success or an Error, for functions whose result is only whether they worked.
using Status = Result<void>;

}  // namespace pipit

/// Evaluates a Result; returns its error from the enclosing function, or yields its value.
#define TRY(expression)                                 \
  ({                                                    \
    auto&& try_result_ = (expression);                  \
    if (!try_result_.ok()) [[unlikely]]                 \
      return try_result_.take_error();                  \
    ::pipit::detail::try_value(std::move(try_result_)); \
  })

namespace pipit::detail {
template <class T, class E>
T try_value(Result<T, E>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}
}  // namespace pipit::detail
