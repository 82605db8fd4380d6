/* Reports and lists as XLSX and CSV: the same cells the page shows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <xlsxwriter.h>

#include <hotlined/text.h>

#include "api/sheet.h"

#define NOTHING "—"

/* On a list a duration is in ms (kind "ms"), a time ISO 8601 (kind "time"), a number that may be
 * dialed a text (kind "phone"). */
enum cell_kind {
    CELL_TEXT,
    CELL_COUNT,
    CELL_PERCENT,
    CELL_SECONDS,
    CELL_MS,
    CELL_TIME,
    CELL_KINDS
};

struct report {
    cJSON *json;
    const cJSON *columns, *rows, *conditions;
    const cJSON *total, *check; /* NULL on lists */
};

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text ? text : "";
}

static int report_parse(const char *json, struct report *report)
{
    int err = -EINVAL;

    report->json = cJSON_Parse(json);
    report->columns = cJSON_GetObjectItemCaseSensitive(report->json, "columns");
    report->rows = cJSON_GetObjectItemCaseSensitive(report->json, "rows");
    report->total = cJSON_GetObjectItemCaseSensitive(report->json, "total");
    report->conditions = cJSON_GetObjectItemCaseSensitive(report->json, "conditions");
    report->check = cJSON_GetObjectItemCaseSensitive(report->json, "check");
    if (!report->rows)
        report->rows = cJSON_GetObjectItemCaseSensitive(report->json, "items");
    if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(report->json, "next")))
        err = -E2BIG;
    else if (cJSON_IsArray(report->columns) && cJSON_IsArray(report->rows) &&
             (!report->total || cJSON_IsObject(report->total)))
        return 0;
    cJSON_Delete(report->json);
    return err;
}

static enum cell_kind kind_of(const cJSON *column)
{
    const char *kind = text_of(column, "kind");

    return strcmp(kind, "count") == 0     ? CELL_COUNT
           : strcmp(kind, "percent") == 0 ? CELL_PERCENT
           : strcmp(kind, "seconds") == 0 ? CELL_SECONDS
           : strcmp(kind, "ms") == 0      ? CELL_MS
           : strcmp(kind, "time") == 0    ? CELL_TIME
                                          : CELL_TEXT;
}

/* "平均应答速度（秒）": numbers alone do not say their unit. */
static void head_of(const cJSON *column, struct text *out)
{
    enum cell_kind kind = kind_of(column);

    text_add(out, text_of(column, "title"));
    text_add(out, kind == CELL_SECONDS || kind == CELL_MS ? "（秒）"
                  : kind == CELL_PERCENT                  ? "（%）"
                                                          : "");
}

static bool is_number(enum cell_kind kind)
{
    return kind != CELL_TEXT && kind != CELL_TIME;
}

static double number_of(const cJSON *value, enum cell_kind kind)
{
    return kind == CELL_MS ? value->valuedouble / 1000 : value->valuedouble;
}

/* "2026-11-24T16:00:00.123+08:00" is read by people as "2026-11-24 16:00:00". out has room for 40
 * bytes; returns it or the text itself. */
static const char *words_of(const cJSON *value, enum cell_kind kind, char out[40])
{
    const char *text = cJSON_GetStringValue(value);

    if (!text)
        return NOTHING;
    if (kind != CELL_TIME || strlen(text) < 19)
        return text;
    snprintf(out, 40, "%.10s %.8s", text, text + 11);
    return out;
}

/* --- XLSX ----------------------------------------------------------------------------------- */

struct book {
    lxw_workbook *workbook;
    lxw_worksheet *page;
    lxw_format *title, *head, *plain;
    lxw_format *cells[CELL_KINDS][2]; /* [1] = of the total row */
    lxw_row_t row;
};

static lxw_format *make_format(lxw_workbook *workbook, const char *number, bool bold, bool framed)
{
    lxw_format *format = workbook_add_format(workbook);

    format_set_font_name(format, "微软雅黑");
    format_set_font_size(format, 10);
    if (number)
        format_set_num_format(format, number);
    if (bold)
        format_set_bold(format);
    if (framed)
        format_set_border(format, LXW_BORDER_THIN);
    return format;
}

static void make_formats(struct book *book)
{
    static const char *const numbers[CELL_KINDS] = {NULL,       "#,##0",    "0.00",
                                                    "#,##0.00", "#,##0.00", NULL};

    book->title = make_format(book->workbook, NULL, true, false);
    format_set_font_size(book->title, 14);
    book->plain = make_format(book->workbook, NULL, false, false);
    book->head = make_format(book->workbook, NULL, true, true);
    format_set_text_wrap(book->head);
    format_set_align(book->head, LXW_ALIGN_CENTER);
    format_set_align(book->head, LXW_ALIGN_VERTICAL_CENTER);
    format_set_bg_color(book->head, 0xE8EEF5);
    for (int kind = 0; kind < CELL_KINDS; kind++)
        for (int total = 0; total < 2; total++) {
            lxw_format *format = make_format(book->workbook, numbers[kind], total, true);
            if (is_number((enum cell_kind)kind))
                format_set_align(format, LXW_ALIGN_RIGHT);
            if (total)
                format_set_bg_color(format, 0xF4F4F4);
            book->cells[kind][total] = format;
        }
}

static void write_line(struct book *book, const char *text, lxw_format *format)
{
    (void)worksheet_write_string(book->page, book->row++, 0, text, format);
}

/* Constant memory: rows are written from top to bottom and each leaves memory. */
static void write_preface(struct book *book, const struct report *report)
{
    const cJSON *condition;
    struct text line = {0};

    write_line(book, text_of(report->json, "title"), book->title);
    cJSON_ArrayForEach(condition, report->conditions)
    {
        text_clear(&line);
        text_addf(&line, "%s:%s", text_of(condition, "title"), text_of(condition, "value"));
        write_line(book, line.data ? line.data : "", book->plain);
    }
    if (*text_of(report->json, "made_at")) {
        text_clear(&line);
        text_addf(&line, "制表时间：%s", text_of(report->json, "made_at"));
        write_line(book, line.data ? line.data : "", book->plain);
    }
    text_done(&line);
}

static void write_head(struct book *book, const struct report *report)
{
    const cJSON *column;
    lxw_col_t at = 0;
    struct text head = {0};

    worksheet_set_row(book->page, book->row, 42, NULL);
    cJSON_ArrayForEach(column, report->columns)
    {
        text_clear(&head);
        head_of(column, &head);
        (void)worksheet_write_string(book->page, book->row, at++, head.data ? head.data : "",
                                     book->head);
    }
    text_done(&head);
    book->row++;
}

static void write_row(struct book *book, const struct report *report, const cJSON *row, bool total)
{
    const cJSON *column;
    lxw_col_t at = 0;

    cJSON_ArrayForEach(column, report->columns)
    {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, text_of(column, "id"));
        enum cell_kind kind = kind_of(column);
        lxw_format *format = book->cells[kind][total];
        char time[40];
        if (cJSON_IsNumber(value))
            (void)worksheet_write_number(book->page, book->row, at, number_of(value, kind), format);
        else
            (void)worksheet_write_string(book->page, book->row, at, words_of(value, kind, time),
                                         format);
        at++;
    }
    book->row++;
}

static void write_check(struct book *book, const struct report *report)
{
    char line[64];

    snprintf(line, sizeof(line), "核对差 %.0f",
             cJSON_IsNumber(report->check) ? report->check->valuedouble : -1);
    write_line(book, line, book->plain);
}

static void arrange(struct book *book, const struct report *report, lxw_row_t head)
{
    const cJSON *column;
    lxw_col_t at = 0, texts = 0;

    cJSON_ArrayForEach(column, report->columns)
    {
        bool is_text = !is_number(kind_of(column));
        (void)worksheet_set_column(book->page, at, at,
                                   !is_text        ? 11
                                   : report->total ? 28
                                                   : 20,
                                   NULL);
        texts += is_text;
        at++;
    }
    worksheet_freeze_panes(book->page, head + 1, report->total ? texts : 0);
    (void)worksheet_repeat_rows(book->page, head, head);
    worksheet_set_landscape(book->page);
    worksheet_set_paper(book->page, 9); /* A4 */
    worksheet_fit_to_pages(book->page, 1, 0);
    (void)worksheet_set_footer(book->page, "&C第 &P 页，共 &N 页");
}

/* GEN-02: what each column counts goes along with the figures. */
static void write_formulas(struct book *book, const struct report *report)
{
    const cJSON *column;

    book->page = workbook_add_worksheet(book->workbook, "指标口径");
    (void)worksheet_set_column(book->page, 0, 0, 20, NULL);
    (void)worksheet_set_column(book->page, 1, 1, 90, NULL);
    book->row = 0;
    (void)worksheet_write_string(book->page, book->row, 0, "指标", book->head);
    (void)worksheet_write_string(book->page, book->row++, 1, "口径", book->head);
    cJSON_ArrayForEach(column, report->columns)
    {
        if (!*text_of(column, "formula"))
            continue;
        (void)worksheet_write_string(book->page, book->row, 0, text_of(column, "title"),
                                     book->cells[CELL_TEXT][0]);
        (void)worksheet_write_string(book->page, book->row++, 1, text_of(column, "formula"),
                                     book->cells[CELL_TEXT][0]);
    }
}

static int write_book(const struct report *report, const char *path, const char *folder)
{
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = (char *)folder};
    struct book book = {.workbook = workbook_new_opt(path, &options)};
    const cJSON *row;
    lxw_row_t head;

    if (!book.workbook)
        return -EIO;
    book.page = workbook_add_worksheet(book.workbook, "统计表");
    make_formats(&book);
    write_preface(&book, report);
    head = book.row;
    arrange(&book, report, head);
    write_head(&book, report);
    cJSON_ArrayForEach(row, report->rows) write_row(&book, report, row, false);
    if (report->total) {
        write_row(&book, report, report->total, true);
        write_check(&book, report);
        write_formulas(&book, report);
    }
    return workbook_close(book.workbook) == LXW_NO_ERROR ? 0 : -EIO;
}

static int read_back(const char *path, struct text *out)
{
    FILE *file = fopen(path, "rb");
    char block[16384];
    size_t got;
    int err;

    if (!file)
        return -EIO;
    while ((got = fread(block, 1, sizeof(block), file)) > 0)
        text_add_bytes(out, block, got);
    err = ferror(file) || out->failed || !out->length ? -EIO : 0;
    (void)fclose(file);
    return err;
}

int sheet_xlsx(const char *report_json, const char *folder, struct text *out)
{
    struct report report;
    char path[600];
    int fd, err = report_parse(report_json, &report);

    if (err)
        return err;
    snprintf(path, sizeof(path), "%s/export-XXXXXX.xlsx", folder);
    fd = mkstemps(path, 5);
    if (fd < 0) {
        cJSON_Delete(report.json);
        return -EIO;
    }
    (void)close(fd);
    err = write_book(&report, path, folder);
    if (!err)
        err = read_back(path, out);
    (void)unlink(path);
    cJSON_Delete(report.json);
    return err;
}

/* --- CSV ------------------------------------------------------------------------------------ */

/* RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it. */
static void add_cell(struct text *out, const char *text, bool first)
{
    bool dangerous = *text && strchr("=+-@\t\r", *text);

    text_add(out, first ? "" : ",");
    if (!dangerous && !strpbrk(text, ",\"\r\n")) {
        text_add(out, text);
        return;
    }
    text_add(out, dangerous ? "\"'" : "\"");
    for (; *text; text++)
        text_add_bytes(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    text_add(out, "\"");
}

static void add_value(struct text *out, const cJSON *value, enum cell_kind kind, bool first)
{
    char time[40];

    if (!cJSON_IsNumber(value))
        add_cell(out, words_of(value, kind, time), first);
    else
        text_addf(out, kind == CELL_COUNT ? "%s%.0f" : "%s%.2f", first ? "" : ",",
                  number_of(value, kind));
}

static void add_row(struct text *out, const struct report *report, const cJSON *row)
{
    const cJSON *column;

    cJSON_ArrayForEach(column, report->columns)
    {
        add_value(out, cJSON_GetObjectItemCaseSensitive(row, text_of(column, "id")),
                  kind_of(column), column == report->columns->child);
    }
    text_add(out, "\r\n");
}

int sheet_csv(const char *report_json, struct text *out)
{
    struct report report;
    const cJSON *item;
    struct text head = {0};
    int err = report_parse(report_json, &report);

    if (err)
        return err;
    text_add(out, "\xEF\xBB\xBF");
    cJSON_ArrayForEach(item, report.columns)
    {
        text_clear(&head);
        head_of(item, &head);
        add_cell(out, head.data ? head.data : "", item == report.columns->child);
    }
    text_add(out, "\r\n");
    cJSON_ArrayForEach(item, report.rows) add_row(out, &report, item);
    if (report.total)
        add_row(out, &report, report.total);
    text_done(&head);
    cJSON_Delete(report.json);
    return out->failed ? -EIO : 0;
}
