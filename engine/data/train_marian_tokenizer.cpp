#include <nlohmann/json.hpp>

#include "core/check.h"
#include "fovea/train_tokenizer.hpp"
#include "io/file.h"
#include "text/tokenizer.h"

namespace fovea {

namespace fs = std::filesystem;

void train_marian_tokenizer(std::span<const TextPair> pairs, const fs::path& directory,
                            const SentencePieceOptions& options, bool shared) {
  FOVEA_CHECK(options.eos >= 0 && options.pad >= 0, "marian tokenizer: </s> and <pad> need ids, got ",
              options.eos, " and ", options.pad);
  std::vector<std::string> sources, targets;
  for (const TextPair& pair : pairs) {
    sources.push_back(pair.source);
    (shared ? sources : targets).push_back(pair.target);
  }
  const fs::path source = directory / "source.spm", target = directory / "target.spm";
  write_vocabulary(directory / "vocab.json", train_sentencepiece(sources, source, options));
  if (shared) {
    write_file_atomically(target, File(source).bytes());
    fs::remove(directory / "target_vocab.json");  // of an earlier run: readers prefer it
  } else {
    write_vocabulary(directory / "target_vocab.json", train_sentencepiece(targets, target, options));
  }
  const nlohmann::json config = {{"tokenizer_class", "MarianTokenizer"},
                                 {"separate_vocabs", !shared},
                                 {"eos_token", "</s>"},
                                 {"unk_token", "<unk>"},
                                 {"pad_token", "<pad>"}};
  const std::string text = config.dump(2) + "\n";
  write_file_atomically(directory / "tokenizer_config.json", std::as_bytes(std::span(text)));
}

}  // namespace fovea
