// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "origin_budget.hpp"
#include <mohr/base/files.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mohr::door {

using Descriptors = std::vector<Descriptor>;

/// Whose copies for the prompt these are; without a budget only the limits of one request hold.
struct PreviewShare {
    OriginBudget* budget = nullptr;
    std::string origin;
};

/// The copies of one request's documents that the person may look at before deciding, in memfds that are
/// sealed before they leave. What does not fit the limits has no copy: its document is signed without a preview.
class Previews {
public:
    /// The whole of one document, so far.
    struct Copy {
        std::size_t file = 0;
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
    };

    explicit Previews(PreviewShare share) : share_(std::move(share)) {}
    ~Previews();
    Previews(const Previews&) = delete;
    Previews& operator=(const Previews&) = delete;

    /// Nothing where no file is left: documents that arrive at the same time need one each.
    [[nodiscard]] std::optional<Copy> begin();
    /// False: the copy does not fit, and is gone.
    [[nodiscard]] bool append(Copy& copy, ByteView bytes);
    void end(const Copy& copy) { files_[copy.file].busy = false; }
    /// What the person must be able to see: limited by its own size alone.
    [[nodiscard]] Result<Copy> keep(ByteView small);
    /// At most link::max_descriptors; Copy::file then is an index into them. Once, when no copy is open.
    [[nodiscard]] Result<Descriptors> seal();

private:
    struct File {
        Descriptor file;
        std::uint64_t size = 0;
        bool busy = false;
    };
    void drop(const Copy& copy);

    PreviewShare share_;
    std::vector<File> files_;
    std::uint64_t taken_ = 0;
};

} // namespace mohr::door
