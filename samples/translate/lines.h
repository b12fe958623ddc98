// The lines of a stream.
#pragma once

#include <cstdint>
#include <istream>
#include <string>

// Without '\r' at their ends. A line that is not UTF-8 is told of on stderr and keeps its place, empty.
class Lines {
 public:
  Lines(std::istream& in, std::string name) : in_(in), name_(std::move(name)) {}
  bool next(std::string& line);  // false at the end

  const std::string& name() const { return name_; }
  uint64_t count() const { return count_; }
  bool good() const { return good_; }  // the last one was UTF-8
  bool all_good() const { return all_good_; }

 private:
  std::istream& in_;
  std::string name_;
  uint64_t count_ = 0;
  bool good_ = true, all_good_ = true;
};
