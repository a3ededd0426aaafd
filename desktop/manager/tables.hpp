// SPDX-License-Identifier: Apache-2.0
#pragma once

class QAbstractItemModel;
class QTableView;

namespace mohr::desktop {

/// A table of whole rows as our pages show it: Tab leaves it, the given column takes the free width.
[[nodiscard]] QTableView* make_table(QAbstractItemModel& model, int wide_column);

} // namespace mohr::desktop
