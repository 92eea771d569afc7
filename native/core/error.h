#pragma once
#include <exception>
#include <string>
#include <utility>

namespace matomari::core {

// What an operation may throw. The names are those of NativeErrorCode in binding.d.ts.
enum class Code { bad_input, no_device, out_of_memory, cancelled, internal };

inline const char* name(Code code) noexcept {
  switch (code) {
    case Code::bad_input: return "bad_input";
    case Code::no_device: return "no_device";
    case Code::out_of_memory: return "out_of_memory";
    case Code::cancelled: return "cancelled";
    case Code::internal: break;
  }
  return "internal";
}

class Error : public std::exception {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}
  Code code() const noexcept { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Code code_;
  std::string message_;
};

}  // namespace matomari::core
