// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/cards.hpp"
#include <mohr/base/files.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace mohr::desktop {

/// The sealed documents that came with the message, by the names that `previewDescriptor` uses.
using Previews = std::map<std::string, Descriptor>;

/// The documents: one with its preview, or the whole list of a batch, count and total first and nothing hidden, with the
/// chosen one below it, or, where the screen is low and wide, its preview beside the list.
class DocumentsCard : public Card {
    Q_OBJECT
public:
    enum class PreviewPlace : std::uint8_t { below, beside };
    DocumentsCard(const protocol::Prompt& prompt, const Previews& previews, PreviewPlace place,
                  QWidget* parent);

private:
    void add_list(const protocol::Prompt& prompt, QVBoxLayout& column);
    void show_document(std::size_t index);

    std::vector<protocol::Prompt::Document> documents_;
    const Previews& previews_;
    bool signs_;
    bool blind_;
    QVBoxLayout* detail_column_; ///< where the chosen document's name, size and digest go
    QVBoxLayout* preview_column_;
    QWidget* detail_ = nullptr;
    QWidget* preview_ = nullptr; ///< there may be none
};

} // namespace mohr::desktop
