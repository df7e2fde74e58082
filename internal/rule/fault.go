package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// fault says what is wrong with a structure: the field that does not fit, the
// field that does not exist, or the line and character that cannot be read.
func fault(text string, err error) crm.Text {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return crm.Text{Zh: fmt.Sprintf("字段“%s”需要%s，写的是%s", kind.Field, goKind(kind.Type.String()).Zh, jsonKind(kind.Value).Zh),
			En: fmt.Sprintf("the field “%s” takes %s, but %s was given", kind.Field, goKind(kind.Type.String()).En, jsonKind(kind.Value).En)}
	case errors.As(err, &kind):
		return crm.Text{Zh: fmt.Sprintf("整体需要%s，写的是%s", goKind(kind.Type.String()).Zh, jsonKind(kind.Value).Zh), En: fmt.Sprintf("it takes %s, but %s was given", goKind(kind.Type.String()).En, jsonKind(kind.Value).En)}
	case errors.As(err, &syntax):
		line, column := place(text, int(syntax.Offset))
		return crm.Text{Zh: fmt.Sprintf("第 %d 行第 %d 个字符附近无法读懂", line, column), En: fmt.Sprintf("it cannot be read near line %d, character %d", line, column)}
	}
	if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
		field = strings.Trim(field, `"`)
		return crm.Text{Zh: "没有字段“" + field + "”", En: "there is no field “" + field + "”"}
	}
	if strings.Contains(err.Error(), "behind the value") {
		return crm.Text{Zh: "内容后面还有多余的文字", En: "there is text behind the value"}
	}
	return crm.Text{Zh: "内容不完整，缺少引号或括号", En: "it ends too early; a quote or bracket is missing"}
}

// place is the line and the character in it of a byte of the text, from one.
func place(text string, offset int) (line, column int) {
	head := text[:max(0, min(offset, len(text)))]
	if i := strings.LastIndexByte(head, '\n'); i >= 0 {
		return strings.Count(head, "\n") + 1, utf8.RuneCountInString(head[i+1:])
	}
	return 1, utf8.RuneCountInString(head)
}

func goKind(name string) crm.Text {
	switch {
	case strings.HasPrefix(name, "[]"):
		return crm.Text{Zh: "列表 [ ]", En: "a list [ ]"}
	case strings.HasPrefix(name, "int"), strings.HasPrefix(name, "uint"):
		return crm.Text{Zh: "整数", En: "a whole number"}
	case strings.HasPrefix(name, "float"):
		return crm.Text{Zh: "数字", En: "a number"}
	case name == "bool":
		return crm.Text{Zh: "true 或 false", En: "true or false"}
	case name == "string":
		return crm.Text{Zh: "带引号的文字", En: "text in quotes"}
	}
	return crm.Text{Zh: "对象 { }", En: "an object { }"}
}

func jsonKind(value string) crm.Text {
	word, _, _ := strings.Cut(value, " ")
	switch word {
	case "string":
		return crm.Text{Zh: "文字", En: "text"}
	case "number":
		return crm.Text{Zh: "数字", En: "a number"}
	case "bool":
		return crm.Text{Zh: "true 或 false", En: "true or false"}
	case "array":
		return crm.Text{Zh: "列表", En: "a list"}
	}
	return crm.Text{Zh: "对象", En: "an object"}
}
