#pragma once
#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/sparse.h"
#include "core/view.h"
#include "distances/pair.h"
#include "nearest/screen_choice.h"

namespace matomari::binding {

template <class T>
struct ArrayType;
template <>
struct ArrayType<float> {
  static constexpr napi_typedarray_type type = napi_float32_array;
  static constexpr const char* name = "Float32Array";
};
template <>
struct ArrayType<double> {
  static constexpr napi_typedarray_type type = napi_float64_array;
  static constexpr const char* name = "Float64Array";
};
template <>
struct ArrayType<std::uint8_t> {
  static constexpr napi_typedarray_type type = napi_uint8_array;
  static constexpr const char* name = "Uint8Array";
};
template <>
struct ArrayType<std::uint16_t> {
  static constexpr napi_typedarray_type type = napi_uint16_array;
  static constexpr const char* name = "Uint16Array";
};
template <>
struct ArrayType<std::uint32_t> {
  static constexpr napi_typedarray_type type = napi_uint32_array;
  static constexpr const char* name = "Uint32Array";
};
template <>
struct ArrayType<std::int32_t> {
  static constexpr napi_typedarray_type type = napi_int32_array;
  static constexpr const char* name = "Int32Array";
};
template <>
struct ArrayType<std::int64_t> {
  static constexpr napi_typedarray_type type = napi_bigint64_array;
  static constexpr const char* name = "BigInt64Array";
};

// Reads the argument object of an operation. Checks dtype and length, only so that nothing can crash: the messages are
// for those who call the addon without the TypeScript above it. Collects the arrays as pins.
class Args {
 public:
  explicit Args(const Napi::CallbackInfo& info) : env_(info.Env()), args_(info[0].As<Napi::Object>()) {
    if (!info[0].IsObject() || !info[1].IsObject()) fail("arguments", "two objects");
  }

  template <class T>
  T* array(const char* name, std::size_t length) {
    std::size_t has = 0;
    T* data = array<T>(name, &has);
    if (has != length) fail(name, std::to_string(length) + " elements, not " + std::to_string(has));
    return data;
  }

  template <class T>
  T* array(const char* name, std::size_t* length) {
    const Napi::Value value = args_.Get(name);
    napi_typedarray_type type;
    void* data = nullptr;
    // Only the typed array's own facts are read: its buffer may be a SharedArrayBuffer, which Node-API does not know.
    if (napi_get_typedarray_info(env_, value, &type, length, &data, nullptr, nullptr) != napi_ok ||
        type != ArrayType<T>::type)
      fail(name, std::string("a ") + ArrayType<T>::name);
    pins_.push_back(value);
    return static_cast<T*>(data);
  }

  bool is_int64(const char* name) const {
    const Napi::Value value = args_.Get(name);
    return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_bigint64_array;
  }
  bool has(const char* name) const { return !args_.Get(name).IsUndefined(); }

  std::size_t size(const char* name) const {
    const double v = number(name);
    if (!(v >= 0 && v <= 9007199254740991.0)) fail(name, "a whole number");
    return static_cast<std::size_t>(v);
  }
  double number(const char* name) const {
    const Napi::Value value = args_.Get(name);
    if (!value.IsNumber()) fail(name, "a number");
    return value.As<Napi::Number>().DoubleValue();
  }
  bool flag(const char* name) const {
    const Napi::Value value = args_.Get(name);
    if (!value.IsBoolean()) fail(name, "true or false");
    return value.As<Napi::Boolean>().Value();
  }
  std::string text(const char* name) const {
    const Napi::Value value = args_.Get(name);
    return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
  }
  std::u16string utf16(const char* name) const {
    const Napi::Value value = args_.Get(name);
    return value.IsString() ? value.As<Napi::String>().Utf16Value() : std::u16string();
  }
  // The entries of a list of objects.
  std::vector<Args> list(const char* name) const {
    const Napi::Value value = args_.Get(name);
    if (!value.IsArray()) fail(name, "an array");
    const auto array = value.As<Napi::Array>();
    std::vector<Args> entries;
    for (std::uint32_t i = 0; i < array.Length(); ++i) {
      const Napi::Value entry = array.Get(i);
      if (!entry.IsObject()) fail(name, "an array of objects");
      entries.push_back(Args(env_, entry.As<Napi::Object>()));
    }
    return entries;
  }
  Napi::Value value(const char* name) const { return args_.Get(name); }

  core::ConstMatrix matrix(const char* name, std::size_t rows, std::size_t cols) {
    return {array<float>(name, product(name, rows, cols)), rows, cols};
  }
  core::MutableMatrix output(const char* name, std::size_t rows, std::size_t cols) {
    return {array<float>(name, product(name, rows, cols)), rows, cols};
  }

  // A CSR matrix in the arrays indptr, indices and data.
  template <class Index>
  core::SparseView<Index> sparse(std::size_t rows, std::size_t cols) {
    core::SparseView<Index> m{};
    m.rows = rows;
    m.cols = cols;
    m.indptr = array<Index>("indptr", rows + 1);
    m.indices = array<std::int32_t>("indices", &m.entries);
    m.data = array<float>("data", m.entries);
    return m;
  }

  Metric metric() const {
    const std::string name = text("metric");
    if (name == "euclidean") return Metric::euclidean;
    if (name == "sqeuclidean") return Metric::sqeuclidean;
    if (name == "cosine") return Metric::cosine;
    if (name == "dot") return Metric::dot;
    fail("metric", "euclidean, sqeuclidean, cosine or dot");
  }

  ScreenWish screen(const char* option) const {
    const std::string name = text(option);
    if (name.empty() || name == "auto") return ScreenWish::automatic;
    if (name == "f32") return ScreenWish::f32;
    if (name == "bf16") return ScreenWish::bf16;
    if (name == "int8") return ScreenWish::int8;
    fail(option, "auto, f32, bf16 or int8");
  }

  const std::vector<Napi::Value>& pins() const noexcept { return pins_; }

  [[noreturn]] void fail(const char* name, const std::string& wanted) const {
    throw Napi::TypeError::New(env_, std::string(name) + " must be " + wanted);
  }

 private:
  std::size_t product(const char* name, std::size_t a, std::size_t b) const {
    std::size_t out;
    if (__builtin_mul_overflow(a, b, &out)) fail(name, "smaller");
    return out;
  }

  Args(Napi::Env env, Napi::Object args) : env_(env), args_(args) {}

  Napi::Env env_;
  Napi::Object args_;
  std::vector<Napi::Value> pins_;
};

}  // namespace matomari::binding
