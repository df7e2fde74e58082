package lead

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// KeyKind is what a duplicate key is made of.
type KeyKind string

// The kinds of keys, in the order in which they decide (DU-01).
const (
	KeyUSCC    KeyKind = "uscc"
	KeyCompany KeyKind = "company"
	KeyPhone   KeyKind = "phone"
	KeyDomain  KeyKind = "domain"
)

// Name is the kind's word in the language.
func (k KeyKind) Name(l crm.Lang) string {
	switch k {
	case KeyUSCC:
		return l.T("统一社会信用代码相同", "same credit code")
	case KeyCompany:
		return l.T("公司名称相同", "same company name")
	case KeyPhone:
		return l.T("电话相同", "same phone number")
	}
	return l.T("企业邮箱域名相同", "same e-mail domain")
}

// Key is one normalised duplicate key and the record that holds it.
type Key struct {
	Kind  KeyKind
	Value string
	Ref   crm.Ref
}

// Gram is one pair of neighbouring characters of a record's company key, by
// which similar names are found without reading all of them.
type Gram struct {
	Gram string
	Size int    // how many pairs the key has
	Name string // the company key
	Ref  crm.Ref
}

// ErrKeyTaken means that another record got one of the keys at the same time.
var ErrKeyTaken = errors.New("a duplicate key is taken")

// maxKeyRunes is how much of a key is stored.
const maxKeyRunes = 120

// Index keeps the duplicate keys of leads and accounts together. A key is
// unique in it: the database itself holds that no two records share one.
type Index interface {
	// FindKeys are the stored keys among the given ones, with their records.
	FindKeys(ctx context.Context, keys ...Key) ([]Key, error)
	// AddKeys stores keys; ErrKeyTaken when one is held by another record.
	AddKeys(ctx context.Context, keys ...Key) error
	// FindGrams are stored pairs with one of the texts and a size within bounds.
	FindGrams(ctx context.Context, grams []string, minSize, maxSize, limit int) ([]Gram, error)
	AddGrams(ctx context.Context, grams ...Gram) error
	// MoveKeys gives a record's keys and pairs to another one, at a conversion.
	MoveKeys(ctx context.Context, from, to crm.Ref) error
	// MoveTerms lets a record be found under the terms of another one, at a merge.
	MoveTerms(ctx context.Context, from, to crm.Ref) error
	// DropKeys removes all keys, pairs and search terms of the records.
	DropKeys(ctx context.Context, refs ...crm.Ref) error
	// AddTerms stores under which terms records are found.
	AddTerms(ctx context.Context, terms map[crm.Ref][]string) error
}

// Identity is what decides whether two records are the same company.
type Identity struct{ Company, Phone, Email, USCC string }

// Keys are the duplicate keys of an identity in the order that they decide.
func (id Identity) Keys() []Key {
	var out []Key
	if code, ok := crm.USCC(id.USCC); ok {
		out = append(out, Key{Kind: KeyUSCC, Value: code})
	}
	if k := crm.CompanyKey(id.Company); k != "" {
		out = append(out, Key{Kind: KeyCompany, Value: cut(k, maxKeyRunes)})
	}
	for _, p := range crm.PhoneKeys(id.Phone) {
		out = append(out, Key{Kind: KeyPhone, Value: p})
	}
	if d := crm.EmailDomainKey(id.Email); d != "" && len(d) <= maxKeyRunes {
		out = append(out, Key{Kind: KeyDomain, Value: d})
	}
	return out
}

// Match is a record that is, or may be, the same company.
type Match struct {
	Ref  crm.Ref
	Kind KeyKind // of an exact match; empty for a similar name
	// Similarity is 1 for exact matches, else how alike the names are.
	Similarity float64
}

// Similarity is from which likeness of names a person is asked, in percent.
var Similarity = rule.Int{Key: "DU-01.similarity", Title: crm.Text{Zh: "名称相似度达到多少时询问", En: "likeness of names from which a person is asked"}, Unit: crm.Text{Zh: "%", En: "%"}, Default: 88, Min: lowestSimilarity, Max: 100}

// lowestSimilarity is the smallest threshold that the stored pairs can answer.
const lowestSimilarity = 75

// Duplicates finds and stores what makes records the same (DU-01), for leads
// and accounts together.
type Duplicates struct {
	index Index
	rules *rule.Book
}

// NewDuplicates makes one on the index.
func NewDuplicates(index Index, rules *rule.Book) *Duplicates {
	return &Duplicates{index: index, rules: rules}
}

// Exact is the record that shares a key with the identity, by the first kind
// that decides. Records in except are left out.
func (d *Duplicates) Exact(ctx context.Context, id Identity, except ...crm.Ref) (Match, bool, error) {
	keys := id.Keys()
	if len(keys) == 0 {
		return Match{}, false, nil
	}
	found, err := d.index.FindKeys(ctx, keys...)
	if err != nil {
		return Match{}, false, err
	}
	for _, k := range keys {
		for _, f := range found {
			if f.Kind == k.Kind && f.Value == k.Value && !slices.Contains(except, f.Ref) {
				return Match{Ref: f.Ref, Kind: f.Kind, Similarity: 1}, true, nil
			}
		}
	}
	return Match{}, false, nil
}

// Similar are records whose names are alike, most alike first, at most n.
func (d *Duplicates) Similar(ctx context.Context, company string, n int) ([]Match, error) {
	least := float64(Similarity.Of(ctx, d.rules)) / 100
	q := newNameQuery(company, least)
	if q == nil {
		return nil, nil
	}
	const most = 400 // more hits than this mean a name made of common words
	rows, err := d.index.FindGrams(ctx, q.prefix, q.min, q.max, most)
	if err != nil {
		return nil, err
	}
	return q.matches(rows, n), nil
}

// Add stores the record's keys in the transaction of the context. It fails with
// ErrKeyTaken when another record was faster.
func (d *Duplicates) Add(ctx context.Context, ref crm.Ref, id Identity) error {
	keys, grams := indexRows(ref, id)
	if err := d.index.AddKeys(ctx, keys...); err != nil {
		return err
	}
	return d.index.AddGrams(ctx, grams...)
}

// Move gives a record's keys to the one that it became.
func (d *Duplicates) Move(ctx context.Context, from, to crm.Ref) error {
	return d.index.MoveKeys(ctx, from, to)
}

func indexRows(ref crm.Ref, id Identity) ([]Key, []Gram) {
	keys := id.Keys()
	for i := range keys {
		keys[i].Ref = ref
	}
	key := crm.CompanyKey(id.Company)
	all := orderedGrams(key)
	var grams []Gram
	if comparable(key) {
		for _, g := range all[:prefixLen(len(all), float64(lowestSimilarity)/100)] {
			grams = append(grams, Gram{Gram: g, Size: len(all), Name: cut(key, maxKeyRunes), Ref: ref})
		}
	}
	return keys, grams
}

// nameQuery looks for names alike. Two sets with a Jaccard index of t or more
// share at least one of their first |A|−⌈t·|A|⌉+1 members in any fixed order,
// so only those need an index.
type nameQuery struct {
	key      string
	all      []string
	prefix   []string
	min, max int
	least    float64
}

func newNameQuery(company string, least float64) *nameQuery {
	key := crm.CompanyKey(company)
	if !comparable(key) {
		return nil
	}
	all := orderedGrams(key)
	return &nameQuery{key: key, all: all, prefix: all[:prefixLen(len(all), least)], least: least,
		min: int(least*float64(len(all)) - 1e-9), max: int(float64(len(all))/least+1e-9) + 1}
}

func (q *nameQuery) matches(rows []Gram, n int) []Match {
	seen := map[crm.Ref]bool{}
	var out []Match
	for _, r := range rows {
		if seen[r.Ref] || r.Name == q.key {
			continue // an equal key is an exact match
		}
		seen[r.Ref] = true
		if s := jaccard(q.all, orderedGrams(r.Name)); s >= q.least {
			out = append(out, Match{Ref: r.Ref, Similarity: s})
		}
	}
	slices.SortStableFunc(out, func(a, b Match) int {
		switch {
		case a.Similarity > b.Similarity:
			return -1
		case a.Similarity < b.Similarity:
			return 1
		}
		return int(a.Ref.ID - b.Ref.ID)
	})
	return out[:min(n, len(out))]
}

// comparable reports whether likeness of the name means anything: it has at
// least three characters and no long number, which would be a serial.
func comparable(key string) bool {
	digits, n := 0, 0
	for _, r := range key {
		n++
		if unicode.IsDigit(r) {
			if digits++; digits >= 4 {
				return false
			}
		} else {
			digits = 0
		}
	}
	return n >= 3
}

func prefixLen(n int, least float64) int {
	need := int(least * float64(n))
	if float64(need) < least*float64(n)-1e-9 {
		need++
	}
	return n - need + 1
}

// orderedGrams are the distinct pairs of neighbouring characters, in one order
// for all names: by a hash, with pairs that many companies share at the end, so
// that the indexed ones say something.
func orderedGrams(key string) []string {
	r := []rune(key)
	var out []string
	for i := 1; i < len(r); i++ {
		if g := string(r[i-1 : i+1]); !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if ca, cb := commonGram(a), commonGram(b); ca != cb {
			if ca {
				return 1
			}
			return -1
		}
		ha, hb := hash(a), hash(b)
		switch {
		case ha < hb:
			return -1
		case ha > hb:
			return 1
		}
		return strings.Compare(a, b)
	})
	return out
}

func commonGram(g string) bool { return slices.Contains(commonGrams, g) }

// commonGrams are pairs that a large part of company names contain.
var commonGrams = []string{"科技", "技术", "术有", "信息", "网络", "络科", "息技", "实业", "贸易", "商贸", "电子", "子科", "机械", "械设", "设备", "集团", "工程", "建设", "发展", "投资", "管理", "服务", "咨询", "材料",
	"制造", "工业", "业集", "生物", "物科", "医药", "药业", "文化", "化传", "传媒", "教育", "国际", "际贸", "软件", "智能", "能科", "数据", "汽车", "物流", "环保", "保科", "能源", "装饰", "建筑", "食品", "进出", "出口"}

func hash(s string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return h.Sum32()
}

func jaccard(a, b []string) float64 {
	both := 0
	for _, g := range a {
		if slices.Contains(b, g) {
			both++
		}
	}
	union := len(a) + len(b) - both
	if union == 0 {
		return 0
	}
	return float64(both) / float64(union)
}
