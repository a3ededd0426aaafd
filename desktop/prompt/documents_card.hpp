// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/cards.hpp"
#include <mohr/base/files.hpp>

#include <map>
#include <string>

namespace mohr::desktop {

/// The sealed documents that came with the message, by the names that `previewDescriptor` uses.
using Previews = std::map<std::string, Descriptor>;

/// The documents: one with its preview, or the whole list of a batch, count and total first and nothing hidden, with the
/// chosen one below it.
class DocumentsCard : public Card {
    Q_OBJECT
public:
    DocumentsCard(const protocol::Prompt& prompt, const Previews& previews, QWidget* parent);

private:
    void add_list(const protocol::Prompt& prompt);
    void show_document(std::size_t index);

    std::vector<protocol::Prompt::Document> documents_;
    const Previews& previews_;
    bool signs_;
    bool blind_;
    QWidget* detail_ = nullptr;
};

} // namespace mohr::desktop
