import type { ComponentChildren, JSX } from 'preact';

export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  /** `main` leads the card on small screens; `end` stands at the right */
  role?: 'main' | 'end';
  width?: string;
}

/** A table at 900 px and more, cards below. */
export function Table<T>({
  label,
  columns,
  rows,
  rowKey,
  dense = false,
}: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  dense?: boolean;
}): JSX.Element {
  return (
    <div class="table-frame">
      <table class={dense ? 'table dense' : 'table'} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.title}
                scope="col"
                class={column.role}
                style={column.width ? { width: column.width } : {}}
              >
                {column.title.startsWith('~') ? (
                  <span class="hidden-visually">{column.title.slice(1)}</span>
                ) : (
                  column.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td
                  key={column.title}
                  class={column.role}
                  data-title={column.title.startsWith('~') ? '' : column.title}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
