<?php
// Keeps an upload beside itself, and a word in the session; returns the upload, or the word.
$folder = __DIR__ . '/uploads';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    session_start();
    $_SESSION['word'] = $_POST['session'];
    if (!is_dir($folder)) {
        mkdir($folder);
    }
    if (!move_uploaded_file($_FILES['file']['tmp_name'], "$folder/kept.txt")) {
        http_response_code(500);
    }
} elseif (isset($_GET['session'])) {
    session_start();
    echo $_SESSION['word'];
} elseif (is_file("$folder/kept.txt")) {
    readfile("$folder/kept.txt");
}
