#pragma once
#include "base/text.h"
#include "link/messages.h"

namespace pipit::agent {

/// Why an application did not start or stopped, in words of its own: what they point to may be erased
/// meanwhile.
struct Failure {
  link::Reason reason = link::Reason::none;
  FixedText<128> message;
  FixedText<48> trap_func;
  u32 trap_index = 0;
  u32 trap_offset = 0;

  /// Builds the message: failure.set(Reason::x) << "needs " << bytes; lasts until the statement ends.
  class Message {
   public:
    explicit Message(Failure& failure) : failure_(failure), out_(failure.message.data) {}
    ~Message() { failure_.message.size = static_cast<u32>(out_.text().size()); }
    template <class T>
    Message& operator<<(const T& part) {
      out_ << part;
      return *this;
    }

   private:
    Failure& failure_;
    TextWriter out_;
  };
  Message set(link::Reason why) {
    *this = Failure();
    reason = why;
    return Message(*this);
  }
  /// "text (at where)"
  void set(link::Reason why, const Error& error) {
    auto text = set(why);
    text << std::string_view(error.message);
    if (error.where != Error::kNowhere) text << " (at " << error.where << ")";
  }
};

}  // namespace pipit::agent
