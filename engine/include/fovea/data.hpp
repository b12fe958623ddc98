// Data for training: labelled pictures and pairs of sentences, in batches that can be made again exactly.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/image.hpp"

namespace fovea {

// A label that counts nowhere: of the rows and positions that only fill a batch up to its shape.
constexpr uint32_t kIgnored = UINT32_MAX;

struct ImageFolderOptions {
  uint64_t memory = uint64_t(4) << 30;  // bytes of pixels to keep; later pictures are read when asked for
};

// Labelled pictures: a folder that holds a folder of PNG, JPEG and BMP files for each class. Classes and
// files are in the order of their names' bytes; what begins with a dot is skipped, as are files beside the
// class folders. Error, naming the file: no class folder, a class without pictures, a folder within a class,
// a file that is no picture (at once, or when it is read).
class ImageFolder {
 public:
  explicit ImageFolder(const std::filesystem::path& directory, const ImageFolderOptions& options = {});

  const std::vector<std::string>& classes() const { return classes_; }  // their labels are 0, 1, ..
  int64_t size() const { return int64_t(items_.size()); }               // pictures, class after class
  uint32_t label(int64_t index) const { return item(index).label; }
  const std::filesystem::path& path(int64_t index) const { return item(index).path; }
  Image picture(int64_t index) const;  // threads may share a folder

 private:
  struct Item {
    std::filesystem::path path;
    uint32_t label;
  };
  const Item& item(int64_t index) const;
  void decode(uint64_t memory);

  std::vector<std::string> classes_;
  std::vector<Item> items_;
  std::vector<Image> kept_;  // of the first items
};

// Every picture comes to size x size: a random part of it, resized, where crop_area asks for that; otherwise
// its shorter side is resized to `size` and the middle taken. Then pad, then flip.
struct PictureOptions {
  int64_t batch = 128;                                                 // pictures
  int size = 32;                                                       // pixels a side
  std::array<float, 3> mean{0.5f, 0.5f, 0.5f}, std{0.5f, 0.5f, 0.5f};  // of red, green, blue from 0 to 1
  uint64_t seed = 0;
  bool shuffle = true;  // each epoch in an order of its own; false: as in the folder
  bool partial = true;  // the last batch of an epoch is filled up with rows to ignore; false: it is left out
  bool flip = false;    // every other picture is mirrored left to right, at random
  int pad = 0;          // so many black pixels are added on all sides, and a random size x size part is taken
  std::array<double, 2> crop_area{1, 1};  // least and greatest share of the area, such as 0.08 and 1, with
                                          // width : height from 3 : 4 to 4 : 3 (Szegedy et al. 2015)
  double mixup = 0;                       // alpha of mix-up (Zhang et al. 2018); 0: none
};

struct PictureBatch {
  int64_t count = 0;                   // rows that hold a picture, the first ones
  std::vector<float> pixels;           // (batch, 3, size, size), normalised; 0 in the rows that hold none
  std::vector<uint32_t> labels;        // (batch), kIgnored where there is no picture
  std::vector<uint32_t> mixed_labels;  // (batch), of the pictures mixed in; the labels without mix-up
  float lambda = 1;  // pixels = lambda * picture + (1 - lambda) * picture mixed in; of the batch
};

// Batches of a folder, which must outlive them. A batch hangs on options and index alone.
class PictureBatches {
 public:
  // Error: options out of range, or a folder that makes no batch.
  PictureBatches(const ImageFolder& folder, const PictureOptions& options);
  ~PictureBatches();
  PictureBatches(PictureBatches&&) noexcept;

  int64_t batches() const;                   // of an epoch, in which every picture comes once
  PictureBatch batch(uint64_t index) const;  // counted through all epochs; threads may share

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The lines of a text file, without their ends (LF or CR LF). Error: not UTF-8, naming file and line.
std::vector<std::string> read_lines(const std::filesystem::path& path);

struct TextPair {
  std::string source, target;
};
// Whether a pair is kept; lines count from 1.
using PairFilter = std::function<bool(int64_t line, std::string_view source, std::string_view target)>;

// Line i of one file with line i of the other. Error: as read_lines, or not as many lines in both.
std::vector<TextPair> read_parallel(const std::filesystem::path& source, const std::filesystem::path& target,
                                    const PairFilter& keep = {});
// Lines of source, tab, target; further columns are not read. Error: as read_lines, or a line without a tab.
std::vector<TextPair> read_pairs(const std::filesystem::path& path, const PairFilter& keep = {});

// Of a SentencePiece model (Kudo, Richardson 2018).
struct SentencePieceOptions {
  std::string kind = "unigram";            // or bpe
  int64_t vocab = 8000;                    // pieces, the special ones counted
  double coverage = 0.9995;                // share of the text's characters that get a piece, 0.98 to 1
  std::string normalisation = "nmt_nfkc";  // nfkc, nmt_nfkc_cf and nfkc_cf (lower case), or identity
  int64_t lines = 0;                       // at most so many are learnt from, chosen by the seed; 0: all
  uint64_t seed = 0;
  int64_t eos = 0, unk = 1, pad = 2, bos = -1;  // ids of </s>, <unk>, <pad>, <s>; -1: none (<unk> must be)
};
// Learns from lines of UTF-8 and writes the model, whole or not at all; returns its pieces, the place being
// the id. The same lines and options make the same bytes. SentencePiece's own log is off from then on. Error:
// options out of range, lines without text, or too little text for so many pieces.
std::vector<std::string> train_sentencepiece(std::span<const std::string> lines,
                                             const std::filesystem::path& model,
                                             const SentencePieceOptions& options = {});

// The tokenizer of a translation directory, which must exist, as Translator and transformers' MarianTokenizer
// read it: source.spm, target.spm, vocab.json, tokenizer_config.json. shared: one model of both sides;
// otherwise one each, their sizes as options.vocab says, and target_vocab.json.
void train_marian_tokenizer(std::span<const TextPair> pairs, const std::filesystem::path& directory,
                            const SentencePieceOptions& options = {}, bool shared = true);

// Text to ids and back, by the tokenizer of a translation directory. Threads may share one.
class TextEncoder {
 public:
  static TextEncoder source(const std::filesystem::path& directory);  // source.spm, vocab.json
  static TextEncoder target(const std::filesystem::path& directory);  // target.spm, target_vocab.json if any
  ~TextEncoder();
  TextEncoder(TextEncoder&&) noexcept;

  int64_t vocab() const;                                      // ids are below
  uint32_t id(std::string_view token) const;                  // such as of </s>; Error: there is none
  std::vector<uint32_t> encode(std::string_view line) const;  // without the end of the sentence
  std::string decode(std::span<const uint32_t> ids) const;    // special tokens are nothing

 private:
  struct Impl;
  explicit TextEncoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct EncodedPair {
  std::vector<uint32_t> source, target;  // ids, without start and end
};

struct TextOptions {
  int64_t tokens = 4096;                 // of a batch, padding counted: rows * the longer length at most
  int64_t multiple = 8;                  // lengths of shapes are multiples of it
  int64_t shapes = 8;                    // at most so many different ones: each needs a plan of its own
  int64_t longest = 256;                 // pairs with more tokens on a side, the end counted, are left out
  uint32_t start = 2, end = 0, pad = 2;  // ids; Marian's start token is its pad
  bool source_end = true;                // a source ends with `end`, too
  uint64_t seed = 0;
  bool shuffle = true;  // each epoch in an order of its own; false: by shape, then as given
};

// Rows and columns of a batch.
struct TextShape {
  int64_t rows = 0, source_length = 0, target_length = 0;
  bool operator==(const TextShape&) const = default;
};

struct TextBatch {
  TextShape shape;
  int64_t count = 0;              // rows that hold a pair, the first ones
  int64_t tokens = 0;             // labels that count
  std::vector<uint32_t> source;   // (rows, source_length), then padding
  std::vector<uint32_t> lengths;  // (rows), of the sources; 0 in the rows that hold no pair
  std::vector<uint32_t> inputs;   // (rows, target_length): start, target, then padding
  std::vector<uint32_t> labels;   // (rows, target_length): target, end, then kIgnored
  std::vector<uint32_t> pairs;    // (count), which ones they are
};

// Batches of pairs of similar lengths. The shapes are chosen so that an epoch has little padding. A batch
// hangs on pairs, options and index alone.
class TextBatches {
 public:
  // Error: options out of range, or no pair that is short enough.
  TextBatches(std::vector<EncodedPair> pairs, const TextOptions& options);
  ~TextBatches();
  TextBatches(TextBatches&&) noexcept;

  const std::vector<TextShape>& shapes() const;  // that batches have, by their lengths
  int64_t left_out() const;                      // pairs longer than options.longest
  int64_t batches() const;                       // of an epoch, in which every other pair comes once
  TextBatch batch(uint64_t index) const;         // counted through all epochs; threads may share

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
