// Package tokens counts the tokens of texts and of chat requests before they
// are sent, exactly as tiktoken does, and prices them.
//
// An [Encoding] counts text: [CL100KBase], [O200KBase] and [O200KHarmony]. Its
// vocabulary is part of the program and loaded on first use, in some 20 to 50
// ms. Counting takes time linear in the length of any text and needs no
// network.
//
// A [Model], from [ForModel] or a [Catalog], has the encoding of a model, its
// window and its prices. [Model.CountRequest] tells what the tokens of a
// request are, and which of the numbers are estimates; [Model.Fit] whether it
// fits; [Model.Trim] leaves out the oldest messages of one that does not;
// [Model.Cost] prices what was used. A [Sizer] finds the sizes of images that
// come as links to files on Discord.
//
// # Text that is not UTF-8
//
// A string may have any bytes. A byte that is no part of a valid character
// divides the text as U+FFFD would, and is encoded as itself: Decode gives it
// back. In a request, which travels as JSON, such bytes count as U+FFFD.
package tokens
