package main

import (
	_ "embed"
	"html/template"
	"os"
)

//go:embed page.html
var pageSource string

// writePage writes the tables as one page that needs nothing else.
func writePage(name string, tables []table) error {
	page, err := template.New("page").Parse(pageSource)
	if err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	err = page.Execute(file, tables)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
