#pragma once

#include <cstddef>
#include <new>

namespace fwd {

// Memory for the objects of class T, which come and go with every session: a bounded list of free places for
// each thread, shorter than the way through malloc. T derives from Recycled<T> and is final.
template <class T>
class Recycled {
 public:
  static void* operator new(std::size_t size) { return places().take(size); }
  static void operator delete(void* place) { places().give_back(place); }

 private:
  // A sanitizer is to see every use after the end.
#ifdef FWD_SANITIZED
  static constexpr std::size_t kKept = 0;
#else
  static constexpr std::size_t kKept = 256;
#endif

  class Places {
   public:
    ~Places() {
      while (first_ != nullptr) ::operator delete(pop());
    }
    void* take(std::size_t size) { return first_ == nullptr ? ::operator new(size) : pop(); }
    void give_back(void* place) {
      if (kept_ >= kKept) return ::operator delete(place);
      first_ = new (place) Free{first_};
      ++kept_;
    }

   private:
    struct Free {
      Free* next;
    };

    void* pop() {
      Free* place = first_;
      first_ = place->next;
      --kept_;
      return place;
    }

    Free* first_ = nullptr;
    std::size_t kept_ = 0;
  };

  static Places& places() {
    static thread_local Places mine;
    return mine;
  }
};

}  // namespace fwd
