"""How large what comes from outside may be: above these it is set aside by name, whatever it says."""

# Minor units of one amount (ninety billion of a currency with two decimals). A million of them add up in 64 bits, and
# so does one times a million, as a tolerance in parts per million has it.
LARGEST_AMOUNT = 9 * 10**12
# Of a balance, and of whatever is a sum already: two of them have a difference in 64 bits.
LARGEST_SUM = 1 << 62
YEARS = range(1970, 2500)  # in which a moment may lie; the Buddhist era begins behind them

LONGEST_ID = 255  # characters: what a database's index and a file's name can hold
LONGEST_OWNER = 100  # characters: lists are sorted by them
LONGEST_TEXT = 4_000  # characters of a cell or a field that is read
LONGEST_WRITTEN = 20_000  # characters of what anybody writes: of a longer text nothing stays
LONGEST_SEARCHED = 1_000  # characters of a text in which a pattern of the configuration looks
LARGEST_OBJECT = 1 << 20  # bytes of one object of Omise; a recorded charge has five thousand
LARGEST_BODY = 64 << 20  # bytes of one answer, unpacked; a page of a hundred objects has half a million
MOST_OBJECTS = 10**9  # that a list may say it has

LARGEST_FILE = 1 << 30  # bytes of one order file, characters of one query's rows; a million orders have a tenth
LARGEST_STATEMENT = 32 << 20  # bytes of one bank file
MOST_ROWS = 5_000_000  # of one order file or query
MOST_COLUMNS = 16_384  # as Excel has
MOST_CELLS = 100_000_000  # of one order file
LARGEST_WORKBOOK = 200 << 20  # bytes of one Excel file
MOST_SHEET_CELLS = 25_000_000  # places up to a sheet's last row and column: a reader makes room for each
MOST_SHEET_TEXT = 4 << 30  # bytes of all texts of a sheet, each as often as it is shown
LARGEST_OLD_WORKBOOK = 50 << 20  # bytes of one .xls
