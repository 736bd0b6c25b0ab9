#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dpml/io/named_tensor.h"

namespace dpml::hdf5 {

class RecordTree;

/// One group of a file of dpml, as it was scanned. Whoever knows the format takes its content by name; what nobody took
/// is not part of the format, and require_all_taken says so. Everything that is not as it should be is NotAsWritten.
class RecordGroup {
 public:
  std::string text_attribute(const std::string& name);  ///< UTF-8 without zero bytes
  double number_attribute(const std::string& name);
  std::uint64_t count_attribute(const std::string& name);
  bool flag_attribute(const std::string& name);  ///< 0 or 1
  bool has_attribute(const std::string& name) const;

  std::string text(const std::string& name);
  std::vector<std::string> texts(const std::string& name);
  std::vector<std::uint64_t> counts(const std::string& name);
  std::vector<NamedShape> shapes() const;  ///< of all members, in the order they were made
  std::vector<NamedTensor> tensors();      ///< the same with their numbers

  bool has(const std::string& name) const;
  RecordGroup& group(const std::string& name);
  /// Members "0", "1", ... that are groups.
  std::vector<RecordGroup*> numbered_groups();

  void require_all_taken() const;
  const std::string& path() const;  ///< of the file
  /// Throws NotAsWritten "<path>: <what>".
  [[noreturn]] void fail(const std::string& what) const;

 private:
  friend class RecordTree;

  struct Attribute {
    std::string name;
    std::variant<std::string, std::uint64_t, double> value;
    bool is_taken = false;
  };
  struct Dataset {
    char kind = 0;  ///< see record_scan.h
    std::vector<std::uint64_t> axes;
    std::uint64_t element_bytes = 0;
    std::uint64_t offset = 0;  ///< in the file
    std::uint64_t bytes = 0;
  };
  struct Member {
    std::string name;
    std::variant<Dataset, std::unique_ptr<RecordGroup>> content;
    bool is_taken = false;
  };

  template <class Value>
  Value attribute(const std::string& name, const std::string& kind);
  Member& member(const std::string& name);
  const Dataset& dataset(const std::string& name, char kind, const std::string& expected);
  const Dataset& floats(const Member& member) const;
  Shape shape(const Member& member) const;
  Tensor tensor(const Member& member) const;
  std::vector<std::string> split_texts(const Dataset& dataset, const std::string& name) const;

  RecordTree* tree_ = nullptr;
  std::string place_;  ///< "/", "/ledger/"
  std::vector<Attribute> attributes_;
  std::vector<Member> members_;
};

/// A file of dpml that is open for reading: its tree, and its bytes.
class RecordTree {
 public:
  /// Scans the file in a child process (record_scan.h). Throws FileError when it is not HDF5, or truncated or damaged,
  /// and NotAsWritten when it has what no file of dpml has: links, filters, other types, bytes after its end.
  explicit RecordTree(const std::filesystem::path& path);
  /// The same of a scan that is at hand, whoever made it.
  RecordTree(const std::filesystem::path& path, std::string_view scan);
  ~RecordTree();
  RecordTree(const RecordTree&) = delete;
  RecordTree& operator=(const RecordTree&) = delete;

  RecordGroup& root() { return root_; }
  std::uint64_t bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

  /// The bytes [offset, offset + size) into memory. Throws FileError when the disk refuses.
  void read(std::uint64_t offset, void* into, std::size_t size) const;

  /// Throws NotAsWritten, saying where, when the file is not byte for byte this one.
  void require_bytes(std::string_view expected) const;

 private:
  class Decoder;

  void open(const std::filesystem::path& path);
  std::string scanned() const;

  std::string path_;
  int file_ = -1;
  std::uint64_t bytes_ = 0;
  RecordGroup root_;
};

}  // namespace dpml::hdf5
